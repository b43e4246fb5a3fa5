// What jsdom lacks and the page needs.

import { beforeEach, vi } from 'vitest';
import { FakeEventSource } from './eventSource';

class QuietObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

vi.stubGlobal('EventSource', FakeEventSource);
vi.stubGlobal('ResizeObserver', QuietObserver);
vi.stubGlobal('IntersectionObserver', QuietObserver);
// A narrow screen whose reader asked for nothing in particular.
vi.stubGlobal('matchMedia', (query: string) =>
  Object.assign(new EventTarget(), { matches: false, media: query }),
);
// Nothing is ever moved here, so nothing is animated.
Element.prototype.animate = () => ({ cancel() {}, finished: Promise.resolve() }) as never;
Element.prototype.getAnimations = () => [];

beforeEach(() => {
  FakeEventSource.opened = [];
});
