import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { useApi } from './api.ts';

const api = useApi();
const folder = mkdtempSync(join(tmpdir(), 'nhi-policy-'));
cpSync('policies', join(folder, 'policies'), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The project’s own policy, changed. */
function policy(name: string, from = '', to = ''): string {
  const text = readFileSync('nhi.policy.yaml', 'utf8');
  if (!text.includes(from)) throw new Error(`the policy has no ${from}`);
  const file = join(folder, name);
  writeFileSync(file, text.replace(from, to));
  return file;
}
function written(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
const before = policy('before.yaml');
const live = (id: string, ownerRoles: readonly string[]) => ({
  ...{ id, status: 'active', profile: 'ci-deploy', purpose: 'x', environment: 'prod' },
  ...{ ownerRef: 'hr:1', ownerStatus: 'active', ownerRoles },
});

describe('nhi policy check', () => {
  it('of a good file says what it has', async () => {
    const { code, out } = await api.nhi('policy', 'check', before);
    expect([code, out]).toEqual([0, expect.stringMatching(/profiles +ci-deploy/)]);
  });

  it('of a wrong one says where, and what would be right', async () => {
    const { code, err } = await api.nhi('policy', 'check', policy('typo.yaml', 'mode: observe  ', 'mode: observes '));
    expect(code).toBe(1);
    expect(err).toMatch(/typo\.yaml:\d+:1: mode: "observes": must be one of observe, enforce; did you mean observe\?/);
  });

  it.each([
    ['is not there', join(folder, 'gone.yaml'), 'gone.yaml: there is no such file'],
    ['is a folder', join(folder, 'policies'), 'policies: is a folder, not a file'],
    ['is not in UTF-8', written('latin.yaml', Buffer.from('version: \xfc', 'latin1')), 'latin.yaml: is not text in UTF-8'],
    ['is no YAML', written('broken.yaml', 'version: [1\n'), /broken\.yaml:2:1: \(file\): is no YAML: [^\n]*end with a \]$/],
    ['is two', written('two.yaml', 'a: 1\n---\nb: 2\n'), 'two.yaml:2:1: (file): a second document begins here; the policy is one'],
    [
      'has an alias',
      written('alias.yaml', 'a: &x 1\nb: *x\n'),
      'alias.yaml:2:4: (file): an alias (*name) is not taken: write what it stands for',
    ],
  ])('of one that %s says so, in one sentence', async (_, file, sentence) => {
    const { code, err } = await api.nhi('policy', 'check', file);
    expect(code).toBe(1);
    expect(err.trim()).toMatch(sentence);
    expect(err.trim()).not.toContain('\n');
  });
});

describe('nhi policy diff', () => {
  it('says each value that is other, and whom it would touch', async () => {
    const after = policy('after.yaml', 'eligible: {roles: [IT_PROG]}', 'eligible: {roles: [IT_LEAD]}');
    api.answer({ body: { credentials: [live('cred_1', ['IT_PROG']), live('cred_2', ['IT_LEAD'])], next: null } });
    const { code, out } = await api.nhi('policy', 'diff', after, '--from', before);
    expect(code).toBe(0);
    expect(out).toContain('profiles.ci-deploy.eligible.roles: ["IT_PROG"] → ["IT_LEAD"]');
    expect(out).toMatch(/cred_1 +ci-deploy +hr:1 +not-eligible: IT_PROG +reapprove \(only recorded: observe\)/);
    expect(out).not.toContain('cred_2');
    expect(out).toContain('1 live credentials would be too much by it');
  });

  it.each([
    ['what movers of the profile get', 'mode: observe  ', 'mode: enforce  ', 'reapprove'],
    ['nothing but a report, where the profile is gone', 'ci-deploy:', 'cd-deploy:', 'the sweep reports it'],
  ])('says what follows: %s', async (_name, from, to, follows) => {
    const file = policy('then.yaml', from, to);
    writeFileSync(file, readFileSync(file, 'utf8').replace('eligible: {roles: [IT_PROG]}', 'eligible: {roles: [IT_LEAD]}'));
    api.answer({ body: { credentials: [live('cred_1', ['IT_PROG'])], next: null } });
    const { out } = await api.nhi('policy', 'diff', file, '--from', before, '--json');
    expect(JSON.parse(out).touched).toMatchObject([{ id: 'cred_1', follows }]);
  });

  it('writes durations as the file does', async () => {
    api.answer({ body: { credentials: [], next: null } });
    const { out } = await api.nhi('policy', 'diff', policy('hours.yaml', 'overlap: 24h', 'overlap: 90m'), '--from', before);
    expect(out).toContain('profiles.ci-deploy.rotation.overlap: 1d → 90m');
    expect(out).toContain('No live credential would be too much by it.');
  });

  it('of the same says so', async () => {
    api.answer({ body: { credentials: [], next: null } });
    expect((await api.nhi('policy', 'diff', before, '--from', before)).out).toContain('The two say the same.');
  });
});
