import { describe, expect, test } from 'vitest';
import { difference, missedEvents, sessionAudit } from '../../testing/audit';
import { NOW } from '../../testing/fixtures';
import { amounts, differs, missed, signed, total } from './audit';

/// Scenario: sums that nobody told, differences in both directions, of several models.
/// Guarantees: unknown is a dash and no zero; what is less and more is told with its sign, per witness.
describe('in words', () => {
  test('unknown is not zero', () => expect(total(null)).toBe('–'));

  test('counts have a sign', () =>
    expect([signed(-2550), signed(104)]).toEqual(['−2,550', '+104']));

  test('witnesses are summed over models', () => {
    const more = { input: 0, output: 104, cacheRead: 0, cacheCreation: 0 };
    const session = sessionAudit({
      differences: [
        difference(),
        difference({ model: 'claude-haiku-4-5' }),
        difference({ teller: 'metrics', tokens: more }),
      ],
    });
    expect(differs(session)).toBe('events −3,100, metrics +104');
    expect(differs(sessionAudit())).toBe('');
  });

  test('a difference names requests and tokens', () => {
    expect(amounts(difference())).toBe(
      '1 request missing, −10 fresh, −1,000 re-read, −500 written, −40 output',
    );
    const disputed = difference({
      missingRequests: 0,
      disputedRequests: 2,
      tokens: { input: 0, output: 7, cacheRead: 0, cacheCreation: 0 },
    });
    expect(amounts(disputed)).toBe('2 requests told otherwise, +7 output');
  });

  test('missed events say when and who closes them', () => {
    expect(missed(missedEvents(), NOW)).toMatch(
      /^Events 4 to 5 of process 7 did not arrive, between .* and .*: closed by client's own sum, 1 request found\.$/,
    );
    const open = missedEvents({ last: 4, since: null, closedBy: [] });
    expect(missed(open, NOW)).toMatch(
      /^Event 4 .* between its beginning .*: 1 request found, and nobody knows what else/,
    );
    const unknown = missedEvents({ foundRequests: 0, closedBy: [] });
    expect(missed(unknown, NOW)).toMatch(/: nobody knows what was in them\.$/);
  });
});
