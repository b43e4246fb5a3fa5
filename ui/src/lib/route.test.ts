// @vitest-environment jsdom
import { expect, test } from 'vitest';
import { pageOf } from './route.svelte';

/// Scenario: addresses of every page, and ones that name none.
/// Guarantees: each page has its address; anything else is the live page.
test.each([
  ['', 'live'],
  ['#/', 'live'],
  ['#/session/connect', 'live'],
  ['#/alerts', 'alerts'],
  ['#/alerts/x', 'live'],
  ['#/audit', 'audit'],
  ['#/audit/x', 'audit'],
  ['#/connect', 'connect'],
  ['#/health', 'health'],
  ['#/healthy', 'live'],
])('%s is %s', (hash, page) => expect(pageOf(hash)).toBe(page));
