import { describe, expect, it } from 'vitest';
import { REAL } from './core.ts';
import { PLANTS } from './planted.ts';
import { check } from './search.ts';

/** Rules that can be switched off in a model of the protocol, and that nothing in this world can tell from being on: why. */
const NOT_SEEN = {
  anyState: 'a key whose creation is not recorded in a revocation is listed, disabled and deleted by that: no harm, only a later end',
  disableFirst: 'only a version that retires is ever disabled, and no event makes one of those current again',
  retagAlways: 'one rule for every leave, killed or not: retagLast',
} as const;

const wide = check.bind(undefined, REAL);

describe('the protocol, in every order of what can happen', () => {
  it.each([
    ['nothing goes wrong, three commands', { faults: 0, lates: 0, commands: 3 }],
    ['one fault, one late effect, two commands', { faults: 1, lates: 1, commands: 2 }],
  ])('holds where %s', (_what, bounds) => {
    const { broken, story, states } = wide(bounds);
    expect(story.join('\n')).toBe('');
    expect(broken).toBeUndefined();
    expect(states).toBeGreaterThan(10_000); // it did look
  });
});

describe('a rule of the design that is switched off falls', () => {
  it.each(Object.entries(PLANTS))('%s', (_rule, { core, bounds, breaks }) => {
    expect(check({ ...REAL, ...core }, bounds).broken).toMatch(breaks);
    expect(wide(bounds).broken).toBeUndefined(); // and nothing but the planted bug does it
  });

  it.each(Object.entries(NOT_SEEN))('but not %s: %s', (rule) => expect(PLANTS).not.toHaveProperty(rule));
});
