import { describe, expect, it } from 'vitest';
import { parsePolicyFile } from '../../../lib/contract/policy-file.ts';

const GOOD = `version: 1
accountable: {policy: "hr:1"}
sources:
  hr: {kind: bus, accountable: "hr:1", principals: [self]}
profiles:
  orders:
    connector: api-token
    accountable: "hr:1"
    whyNotRole: "the partner calls from outside AWS"
    scopes: [orders:read]
    eligible: {roles: [IT_PROG]}
    environments: [prod]
    onLeave: {action: revoke}
`;

const problemsOf = (text: string) => {
  const parsed = parsePolicyFile(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, column, field, value, rule }) => `${line}:${column} ${field} ${value} ${rule}`);
};

describe('a profile of API tokens', () => {
  it('has scopes instead of grants, and is delivered in a secret unless it says otherwise', () => {
    const parsed = parsePolicyFile(GOOD);
    expect(parsed.ok && parsed.policy.profiles['orders']).toMatchObject({ scopes: ['orders:read'], grants: [], delivery: 'secret' });
    expect(problemsOf(GOOD.replace('    onLeave', '    delivery: once\n    onLeave'))).toEqual([]);
  });

  it.each([
    ['without scopes', '    scopes: [orders:read]\n', '', /orders\.scopes \(absent\) must name what the tokens may be used for/],
    ['with a scope that is none', 'orders:read', 'Orders/*', /^10:14 profiles\.orders\.scopes\.0 "Orders\/\*" must be a scope such as/],
    ['with grants', 'eligible', 'grants: [p.json]\n    eligible', /^11:5 profiles\.orders\.grants .* are of IAM users; .* under scopes$/],
    [
      'for an environment that can’t stand in a token',
      '[prod]',
      '[prod, pre_prod]',
      /^12:26 .*environments\.1 "pre_prod" of API tokens must be/,
    ],
    [
      'shown once, for an heir at a leave',
      'action: revoke}',
      'action: transfer}\n    delivery: once',
      /^13:15 .*onLeave\.action "transfer" can’t be/,
    ],
    [
      'shown once, for an heir at a move',
      'action: revoke}',
      'action: revoke}\n    onMove: transfer\n    delivery: once',
      /^14:5 .*onMove "transfer" can’t be/,
    ],
    ['of access keys, with scopes', 'api-token', 'aws-iam-user', /orders\.scopes .* are of API tokens; .* under grants$/],
    ['of access keys, shown once', 'api-token', 'aws-iam-user\n    delivery: once', /^8:5 .*delivery "once" of access keys is secret/],
  ])('%s is told with line and column', (_name, from, to, problem) => {
    expect(GOOD).toContain(from);
    expect(problemsOf(GOOD.replace(from, to))).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });
});
