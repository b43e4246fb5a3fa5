import { expect, test } from 'vitest';
import { diffLines, diffSize } from './diff';

/// Scenario: a difference with every kind of line, and none.
/// Guarantees: each line keeps its sign and gets its kind; no line is made up.
test('a difference has lines', () => {
  const diff = '@@ -1,2 +1,2 @@\n {\n-  "a": 1\n+  "a": 2\n\\ No newline at end of file\n';
  expect(diffLines(diff)).toEqual([
    { kind: 'place', text: '@@ -1,2 +1,2 @@' },
    { kind: 'same', text: ' {' },
    { kind: 'removed', text: '-  "a": 1' },
    { kind: 'added', text: '+  "a": 2' },
    { kind: 'place', text: '\\ No newline at end of file' },
  ]);
  expect(diffLines('')).toEqual([]);
});

/// Scenario: differences of several sizes.
/// Guarantees: lines are counted by kind, in words.
test.each([
  ['', 'Nothing changes.'],
  ['@@ -0,0 +1 @@\n+a\n', '1 line is added.'],
  ['@@ -1 +1,2 @@\n-a\n+b\n+c\n', '2 lines are added, 1 line is removed.'],
  ['@@ -1 +0,0 @@\n-a\n', '1 line is removed.'],
])('%j: %s', (diff, words) => expect(diffSize(diff)).toBe(words));
