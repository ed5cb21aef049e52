import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPolicySource } from '../../../bin/policy-source.ts';
import { parsePolicyFile } from '../../../lib/contract/policy-file.ts';
import { policyJsonSchema } from '../../../lib/contract/policy-schema.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';

const GOOD = `version: 1
accountable: {policy: "hr:1"}
sources:
  hr: {kind: bus, accountable: "hr:1", principals: [self]}
profiles:
  ci:
    connector: aws-iam-user
    accountable: "hr:1"
    whyNotRole: "runs outside AWS, no OIDC"
    grants: [policies/x.json]
    eligible: {roles: [IT_PROG]}
    environments: [dev]
    onLeave: {action: revoke}
callers:
  - match: {arn: "arn:aws:sts::123456789012:assumed-role/dev/{email}"}
    owner: "{email}"
    may: [request]
timing: {passGap: 5s}
`;

const problemsOf = (text: string) => {
  const parsed = parsePolicyFile(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, column, field, value, rule }) => `${line}:${column} ${field} ${value} ${rule}`);
};

describe('a policy file', () => {
  it('is read, with defaults, and durations in ms', () => {
    const parsed = parsePolicyFile(GOOD);
    expect(parsed).toMatchObject({ ok: true, policy: { timing: { ...DEFAULT_TIMING, passGapMs: 5_000 } } });
    expect(parsed.ok && parsed.policy.sources['hr']?.maxSequenceJump).toBe(1_000_000);
  });

  const change = (from: string, to: string): string => {
    expect(GOOD).toContain(from);
    return GOOD.replace(from, to);
  };

  it.each([
    ['a misspelt key', 'eligible:', 'eligable:', /^11:5 profiles\.ci\.eligable .* there is no such key; did you mean eligible\?$/],
    ['a misspelt key of a list’s member', 'owner: "{email}"', 'owners: "{email}"', /^16:5 callers\.0\.owners .* did you mean owner\?$/],
    ['a key that is missing', '    environments: [dev]\n', '', /^6:3 profiles\.ci\.environments \(absent\) must be of type array$/],
    ['a duration without a unit', '5s', '5', /^18:10 timing\.passGap 5 must be of type string$/],
    ['a duration of no unit we have', '5s', '5w', /^18:10 timing\.passGap "5w" must be a duration such as 30s/],
    ['a duration out of range', '5s', '2h', /^18:10 timing\.passGap "2h" must be between 1s and 1h$/],
    ['a connector we have not', 'aws-iam-user', 'gcp', /^7:5 profiles\.ci\.connector "gcp" must be one of aws-iam-user, api-token$/],
    [
      'a right that is none',
      '[request]',
      '[requests]',
      /^17:11 callers\.0\.may\.0 "requests" must be one of request, approve, operate, audit, steward; did you mean request\?$/,
    ],
    [
      'a source that is not there',
      'accountable: "hr:1"\n    why',
      'accountable: "hrm:1"\n    why',
      /^8:5 .* "hrm:1" names the source hrm, .*did you mean hr\?$/,
    ],
    [
      'a variable that no pattern keeps',
      '{email}"}',
      '*"}',
      /^16:5 callers\.0\.owner "\{email\}" uses \{email\}, which match\.arn does not keep$/,
    ],
    ['a grant outside the folder', 'policies/x.json', '../x.json', /^10:14 profiles\.ci\.grants\.0 .*below the policy file$/],
    ['a wildcard principal', '[self]', '["arn:aws:iam::123456789012:role/*"]', /^4:\d+ sources\.hr\.principals\.0 .* without wildcards$/],
    [
      'self beside others',
      '[self]',
      '[self, "arn:aws:iam::123456789012:role/x"]',
      /^4:\d+ sources\.hr\.principals .*nobody can stand beside it$/,
    ],
    [
      'an act that is none, in one of several forms',
      'action: revoke',
      'action: transfr',
      /^13:15 profiles\.ci\.onLeave\.action "transfr" must be one of revoke, suspend, transfer; did you mean transfer\?$/,
    ],
    [
      'a misspelt key of one of several forms',
      'action: revoke',
      'action: transfer, regrets: 7d',
      /^13:33 profiles\.ci\.onLeave\.regrets .* did you mean regret\?$/,
    ],
    ['a mode that is none', 'version: 1', 'version: 1\nmode: enforced', /^2:1 mode "enforced" must be one of .*; did you mean enforce\?$/],
    [
      'a rotation that begins before the last one is over',
      'onLeave: {',
      'rotateEvery: 10d\n    onLeave: {',
      /^13:5 profiles\.ci\.rotateEvery "10d" must be more than overlap, hardLimit and regret together$/,
    ],
    [
      'a hard limit before the end of the overlap',
      'onLeave: {',
      'overlap: 8d\n    onLeave: {',
      /^6:3 profiles\.ci\.hardLimit \(absent\) must be at least overlap$/,
    ],
    [
      'a steward by an address',
      'version: 1',
      'version: 1\nsteward: sec@example.com',
      /^2:1 steward .* must be <source>:<external id>, e\.g\. team:security$/,
    ],
    ['a steward of no source', 'version: 1', 'version: 1\nsteward: "hq:1"', /^2:1 steward "hq:1" names the source hq, which is not under/],
    [
      'a steward’s rung without a steward',
      'version: 1',
      'version: 1\nsuccession: [manager, steward]',
      /^2:23 succession\.1 "steward" needs a steward: <source>:<external id>$/,
    ],
    [
      'a team’s rung without teams',
      'version: 1',
      'version: 1\nsuccession: [team]',
      /^2:14 succession\.0 "team" needs a source called team, which tells of teams$/,
    ],
    [
      'a limit that a feed has no use for',
      'principals: [self]',
      'principals: [self], maxSequenceJump: 5, feed: {columns: {id: a, email: b, roles: c}}',
      /^\d+:\d+ sources\.hr\.maxSequenceJump 5 is of sources without a feed/,
    ],
    ['a rung twice', 'version: 1', 'version: 1\nsuccession: [manager, manager]', /^2:23 succession\.1 "manager" stands there twice$/],
    [
      'a transfer to nobody',
      'action: revoke}',
      'action: transfer}\nsuccession: []',
      /^13:5 profiles\.ci\.onLeave .* transfer needs a succession: who is asked to take it over$/,
    ],
    [
      'a move to nobody',
      'action: revoke}',
      'action: revoke}\n    onMove: transfer\nsuccession: []',
      /^14:5 profiles\.ci\.onMove "transfer" transfer needs a succession/,
    ],
    [
      'an approval that nobody may give',
      'action: revoke}',
      'action: revoke}\n    onMove: reapprove',
      /^14:5 profiles\.ci\.onMove "reapprove" reapprove needs somebody who may approve/,
    ],
    [
      'a guard that nobody may open',
      'version: 1',
      'version: 1\nmode: enforce',
      /^2:1 mode "enforce" enforce needs somebody .* right steward/,
    ],
    ['an accountable nobody', 'policy: "hr:1"', 'policy: "nobody"', /^2:15 accountable\.policy "nobody" must be <source>:<external id>/],
    ['a key twice', 'version: 1', 'version: 1\nversion: 1', /^2:1 \(file\) .*is no YAML: Map keys must be unique/],
  ])('%s is told with line and column', (_name, from, to, problem) => {
    const problems = problemsOf(change(from, to));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it.each([
    [
      'reapprove, where somebody may approve',
      change('action: revoke}', 'action: revoke}\n    onMove: reapprove').replace('[request]', '[approve]'),
    ],
    ['enforce, where somebody is a steward', change('version: 1', 'version: 1\nmode: enforce').replace('[request]', '[steward]')],
    ['enforce, where every source observes', change('version: 1', 'version: 1\nmode: enforce').replace('bus,', 'bus, mode: observe,')],
    ['a steward and their rung', change('version: 1', 'version: 1\nsteward: "hr:1"\nsuccession: [named, manager, steward]')],
    ['no succession, where nothing is handed over', change('version: 1', 'version: 1\nsuccession: []')],
  ])('%s is right', (_name, text) => expect(problemsOf(text)).toEqual([]));

  it('tells all problems at once, in the order of the file', () => {
    const lines = problemsOf(GOOD.replace('gcp', '').replace('aws-iam-user', 'gcp').replace('5s', 'soon')).map(
      (problem) => problem.split(':')[0],
    );
    expect(lines).toEqual(['7', '18']);
  });

  it.each(['', '- 1', 'version: 2'])('%j is no policy, and no crash', (text) => expect(problemsOf(text)).not.toEqual([]));
});

describe('the policies of this project', () => {
  it.each(['nhi.policy.yaml', 'examples/company/nhi.policy.yaml'])('%s can be used', (file) => {
    expect(readPolicySource(file)).toMatchObject({ ok: true });
  });

  it('a grant that is no IAM policy document is told', () => {
    const source = readPolicySource('test/unit/contract/fixtures/bad-grant.yaml');
    expect(source.ok ? [] : source.problems.join('\n')).toMatch(
      /profiles\.ci\.grants: no-policy\.json: is no IAM policy document: Version/,
    );
  });

  it('a file that is not there is told', () => {
    expect(readPolicySource('absent.yaml')).toMatchObject({
      ok: false,
      problems: ['absent.yaml: there is no such file'],
    });
  });

  it('the digest changes with a grant, not with a comment', () => {
    const one = readPolicySource('nhi.policy.yaml');
    expect(one.ok && one.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('the schema for editors is that of the code (npm run policy-schema)', () => {
    expect(JSON.parse(readFileSync('nhi.policy.schema.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())));
  });
});
