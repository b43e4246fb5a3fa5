// What the X server's screen shows, read from the memory that it draws in.

import { readFile, writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { until } from './programs.js';

/** Where in the head of the X server's file the numbers stand (XWDFile.h), in words of four bytes. */
const HEAD = { size: 0, height: 5, width: 4, bytesPerLine: 12, colours: 19 };
const BYTES_PER_COLOUR = 12;
const BYTES_PER_PIXEL = 4;

/** The colours in a part of the screen, row by row, three bytes for each pixel. */
export async function look(file, { x, y, width, height }) {
  const bytes = await readFile(file);
  const number = (word) => bytes.readUInt32BE(4 * word);
  const start = number(HEAD.size) + BYTES_PER_COLOUR * number(HEAD.colours);
  const right = Math.min(x + width, number(HEAD.width));
  const bottom = Math.min(y + height, number(HEAD.height));
  const pixels = Buffer.alloc(3 * (right - x) * (bottom - y));
  let at = 0;
  for (let row = y; row < bottom; row += 1) {
    const line = start + row * number(HEAD.bytesPerLine);
    for (let column = x; column < right; column += 1) {
      const pixel = bytes.readUInt32LE(line + BYTES_PER_PIXEL * column);
      at = pixels.writeUIntBE(pixel & 0xffffff, at, 3);
    }
  }
  return { width: right - x, height: bottom - y, pixels };
}

/** The same, once nothing moves there any more. */
export async function lookStill(file, area) {
  let last = await look(file, area);
  return until('a picture that stands still', async () => {
    await new Promise((resolve) => setTimeout(resolve, STILL));
    const next = await look(file, area);
    const same = next.pixels.equals(last.pixels);
    last = next;
    return same && next;
  });
}

/** How long nothing may change in what counts as still, in ms: longer than a frame, shorter than a clock's second. */
const STILL = 200;

/** Writes a picture as PNG. */
export async function save(file, { width, height, pixels }) {
  const line = 3 * width;
  const rows = Buffer.alloc((line + 1) * height);
  for (let row = 0; row < height; row += 1) {
    pixels.copy(rows, row * (line + 1) + 1, row * line, (row + 1) * line);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits for each of three colours.
  head.set([8, 2], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const chunks = [
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  await writeFile(file, Buffer.concat([signature, ...chunks]));
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
