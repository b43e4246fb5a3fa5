// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { behaveAsWindow, inWindow, tellHeight } from './window';

let told: string[];
let resized: () => void;
let frames: (() => void)[];
const observed: Element[] = [];

class FakeResizeObserver {
  constructor(run: () => void) {
    resized = run;
  }
  observe(element: Element): void {
    observed.push(element);
    resized();
  }
  disconnect(): void {
    observed.length = 0;
  }
}

const navigate = (url: string) => void told.push(url);
const nextFrame = () => frames.splice(0).forEach((run) => run());

/** An element whose height a test sets. */
function part(height: number): { element: Element; height: number } {
  const made = { element: document.createElement('div'), height };
  made.element.getBoundingClientRect = () => ({ height: made.height }) as DOMRect;
  return made;
}

beforeEach(() => {
  told = [];
  frames = [];
  vi.stubGlobal('ResizeObserver', FakeResizeObserver);
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
  vi.stubGlobal('cancelAnimationFrame', () => frames.splice(0));
});

afterEach(() => vi.unstubAllGlobals());

test('a window is named in the query', () => {
  expect(['?window', '?window=1&x', '', '?windows'].map(inWindow)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

/// Scenario: Escape, another key and a right click, before and after the end.
/// Guarantees: only Escape closes; no context menu; nothing once it has ended.
test('Escape closes, and there is no context menu', () => {
  const end = behaveAsWindow(navigate);
  const press = (key: string) => window.dispatchEvent(new KeyboardEvent('keydown', { key }));
  const rightClick = () =>
    window.dispatchEvent(new MouseEvent('contextmenu', { cancelable: true }));
  press('Enter');
  expect([told, rightClick()]).toEqual([[], false]);
  press('Escape');
  expect(told).toEqual(['plimsoll:close']);
  end();
  press('Escape');
  expect([told.length, rightClick()]).toEqual([1, true]);
});

/// Scenario: parts grow several times within a frame, then not at all, then beyond what the window can be.
/// Guarantees: one message a frame, none for an equal height, whole pixels that hold all, 560 at most.
test('the height is told once a frame when it changed', () => {
  const [head, list] = [part(60.2), part(200.3)];
  const end = tellHeight([head.element, list.element], navigate);
  expect([told, frames.length]).toEqual([[], 1]);
  nextFrame();
  expect(told).toEqual(['plimsoll:height/261']);

  list.height = 250;
  resized();
  list.height = 300;
  resized();
  nextFrame();
  expect(told).toEqual(['plimsoll:height/261', 'plimsoll:height/361']);

  resized();
  nextFrame();
  expect(told).toHaveLength(2);

  list.height = 4000;
  resized();
  nextFrame();
  expect(told.at(-1)).toBe('plimsoll:height/560');

  list.height = 10;
  resized();
  end();
  nextFrame();
  expect([told.length, observed.length]).toEqual([3, 0]);
});
