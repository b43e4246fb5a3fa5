// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { heldPlace } from './place';

let scrolled: number;

/** Rows of 50 px, the first one `above` px above the window's top. */
function rows(above: number): { all: HTMLElement[]; insert: () => void } {
  const all = [0, 1, 2].map(() => document.body.appendChild(document.createElement('li')));
  let shift = -above;
  for (const [at, row] of all.entries()) {
    row.getBoundingClientRect = () => new DOMRect(0, shift + at * 50, 100, 50);
  }
  return { all, insert: () => (shift += 50) };
}

beforeEach(() => {
  document.body.innerHTML = '';
  scrolled = 0;
  vi.stubGlobal('scrollY', 300);
  vi.stubGlobal('scrollBy', ({ top }: ScrollToOptions) => (scrolled += top ?? 0));
});

afterEach(() => vi.unstubAllGlobals());

/// Scenario: the page is scrolled, the first row is out of sight, a row is put in above; then nothing is.
/// Guarantees: the page is moved by as much as what is read was; and not otherwise.
test('what is read stays where it is', () => {
  const { all, insert } = rows(60);
  const restore = heldPlace(all);
  insert();
  restore();
  expect(scrolled).toBe(50);
  heldPlace(all)();
  expect(scrolled).toBe(50);
});

/// Scenario: the page stands at its top; the row that was held is gone; there is no row.
/// Guarantees: nothing moves.
test('nothing moves without need', () => {
  const { all, insert } = rows(60);
  const gone = heldPlace(all);
  for (const row of all) row.remove();
  insert();
  gone();
  heldPlace([])();
  vi.stubGlobal('scrollY', 0);
  const { all: others, insert: insertAgain } = rows(0);
  const top = heldPlace(others);
  insertAgain();
  top();
  expect(scrolled).toBe(0);
});
