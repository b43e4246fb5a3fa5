import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

/** The custom properties of the block that begins with `selector`. */
function block(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('}', start));
  return new Map(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [
      name ?? '',
      value ?? '',
    ]),
  );
}

/** Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const THEMES = { light: block(':root'), dark: block(":root[data-theme='dark']") };
const TEXT = ['ink', 'quiet', 'sea', 'notice', 'checkpoint', 'urgent'];

describe.each(Object.entries(THEMES))('%s', (_, colours) => {
  /// Scenario: every colour that text is set in, on every ground that text stands on.
  /// Guarantees: a contrast of 4.5:1.
  test.each(TEXT)('%s is readable', (name) => {
    for (const ground of ['paper', 'raised']) {
      expect(contrast(colours.get(name) ?? '', colours.get(ground) ?? '')).toBeGreaterThanOrEqual(
        4.5,
      );
    }
  });

  /// Guarantees: what borders a control is seen at 3:1.
  test('edge is visible', () => {
    expect(contrast(colours.get('edge') ?? '', colours.get('paper') ?? '')).toBeGreaterThanOrEqual(
      3,
    );
  });
});

test('the dark theme is the same whether chosen or asked for by the system', () => {
  expect(block(":root:not([data-theme='light'])")).toEqual(THEMES.dark);
});
