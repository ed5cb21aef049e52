import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from './issued.ts';
import { ELSEWHERE, STRAY } from './orphans.ts';
import { listOutside, readSecret } from './outside.ts';
import { scene } from './report.ts';
import type { Stage } from './stage.ts';
import { inTurns } from './waiting.ts';

/** What security gets out of it, in every form. */
export const reports = (stage: Stage) =>
  scene(
    stage.report,
    'The orphan report',
    {
      table: 'as a table',
      json: 'as JSON',
      csv: 'as CSV',
      html: 'as one page that needs nothing from anywhere else',
      denied: 'and not for somebody without the right to audit',
    },
    async ({ check, line }) => {
      const orphans = async (...as: readonly string[]) => stage.nhi(stage.auditor, 'report', 'orphans', ...as);
      const folder = mkdtempSync(join(tmpdir(), 'nhi-report-'));
      try {
        const page = join(folder, 'orphans.html');
        const [table, json, csv, html] = await Promise.all([orphans(), orphans('--json'), orphans('--csv'), orphans('--html', page)]);
        for (const text of table.out.trimEnd().split('\n')) line(text);
        check('table', new RegExp(`unmanaged +${ELSEWHERE} +open`).test(table.out), table.err);
        const found: readonly { kind: string; subject: string; status: string }[] = JSON.parse(json.out).findings;
        check(
          'json',
          found.some(({ kind, subject, status }) => `${kind} ${subject} ${status}` === `stray-user ${STRAY} ended`),
        );
        check('csv', csv.out.startsWith('kind,subject,status,') && csv.out.includes(`\nunmanaged,${ELSEWHERE},open,`), csv.err);
        const written = html.code === 0 ? readFileSync(page, 'utf8') : '';
        check('html', written.includes(`<code>${ELSEWHERE}</code>`) && !/(src|href)=|@import|url\(/.test(written), html.err);
        const anybody = await stage.company.signIn('person', 'sking@example.com');
        check('denied', (await stage.nhi(anybody, 'report', 'orphans')).code === 4);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

export interface Outcome {
  readonly issued: readonly Issued[];
  /** Ended, one way or the other. */
  readonly gone: readonly Issued[];
  /** Lives on, with keys that its first owner never knew. */
  readonly passed: readonly Issued[];
}

export const theEnd = (stage: Stage, { issued, gone, passed }: Outcome) => {
  const living = issued.filter((one) => !gone.includes(one));
  const claims = {
    users: `IAM lists exactly ${living.length} users under /nhi/`,
    keys: 'each of them has exactly one active key',
    secrets: `Secrets Manager has exactly ${living.length} readable secrets under nhi/`,
    works: 'what the services read there makes a real signed call, and it is accepted',
    refused: 'every key that a leaver, or a mover who lost it, ever had is refused',
    unreadable: 'and nobody can read the secrets of what ended',
  };
  return scene(stage.report, 'The end, as IAM and Secrets Manager list it', claims, async ({ check }) => {
    const { company, eventually, refused } = stage;
    await eventually('old keys of rotations are out of use', async () =>
      [...(await listOutside()).users.values()].every((keys) => keys === 1) ? true : undefined,
    ).then(
      () => check('keys', true),
      (error: Error) => check('keys', false, error.message),
    );
    const { users, secrets } = await listOutside();
    const differ = (listed: Iterable<string>, expected: readonly string[]): string => {
      const is = [...listed];
      const [more, less] = [is.filter((name) => !expected.includes(name)), expected.filter((name) => !is.includes(name))];
      return [...more.map((name) => `+${name}`), ...less.map((name) => `-${name}`)].join(' ');
    };
    const ofUsers = differ(
      users.keys(),
      living.map(({ userName }) => userName),
    );
    check('users', ofUsers === '', ofUsers);
    const ofSecrets = differ(
      secrets,
      living.map(({ secretName }) => secretName),
    );
    check('secrets', ofSecrets === '', ofSecrets);
    const service = await company.signIn('service', 'late');
    const broken = (
      await inTurns(living, async ({ id, secretName }) => {
        const key = await readSecret(service, secretName);
        return key && !(await refused(key)) ? [] : [id];
      })
    ).flat();
    check('works', broken.length === 0, broken.join(', '));
    const lost = [...gone, ...passed];
    const still = (await inTurns(lost, async ({ id, key }) => ((await refused(key)) ? [] : [id]))).flat();
    check('refused', still.length === 0, still.join(', '));
    const read = await inTurns(gone, ({ secretName }) => readSecret(service, secretName));
    check(
      'unreadable',
      read.every((value) => value === undefined),
    );
  });
};
