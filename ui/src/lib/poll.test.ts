// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whileVisible } from './poll';

let visibility: DocumentVisibilityState;

function turnTo(state: DocumentVisibilityState): void {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});

afterEach(() => vi.useRealTimers());

/// Scenario: a look that fails once; the page is hidden, seen again, and left.
/// Guarantees: it goes on after a failure, rests while nobody sees it, looks at once when somebody does, and ends.
test('looks only while the page is visible', async () => {
  const look = vi.fn<(signal: AbortSignal) => Promise<void>>(() => Promise.resolve());
  look.mockRejectedValueOnce(new Error('once'));
  const end = whileVisible(look, 5000);
  await vi.advanceTimersByTimeAsync(5000);
  expect(look).toHaveBeenCalledTimes(2);
  turnTo('hidden');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(look).toHaveBeenCalledTimes(2);
  turnTo('visible');
  expect(look).toHaveBeenCalledTimes(3);
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(look).toHaveBeenCalledTimes(3);
});

/// Scenario: the page is left while a look is under way.
/// Guarantees: the look is told that nobody waits for it, and none follows.
test('takes back a look that nobody waits for', async () => {
  let told: AbortSignal | undefined;
  let answer: () => void = () => {};
  const end = whileVisible((signal) => {
    told = signal;
    return new Promise((resolve) => (answer = resolve));
  }, 5000);
  end();
  expect(told?.aborted).toBe(true);
  answer();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(vi.getTimerCount()).toBe(0);
});

/// Scenario: the first look is not due yet; the page is hidden before it is; it is seen again.
/// Guarantees: nothing is looked at before its time, nor while nobody sees it.
test('may wait before the first look', async () => {
  const look = vi.fn(() => Promise.resolve());
  const end = whileVisible(look, 5000, 3000);
  await vi.advanceTimersByTimeAsync(2999);
  turnTo('hidden');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(look).not.toHaveBeenCalled();
  turnTo('visible');
  await vi.advanceTimersByTimeAsync(3000);
  expect(look).toHaveBeenCalledTimes(1);
  end();
});
