import { describe, expect, it } from 'vitest';
import { listCredentials, listFindings, maySeeCredential, namesOf, showCredential, showOwner } from '../../../lib/application/consult.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import type { Caller } from '../../../lib/domain/authorize.ts';
import { killListId } from '../../../lib/domain/deny-list.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

/** Ann (1) holds two credentials, Bob (2) one. */
async function world() {
  const made = company();
  for (const ref of ['hr:1', 'hr:2', 'hr:3', 'hr:4']) await made.joins(ref);
  const ids = [await made.issue('hr:1'), await made.issue('hr:1'), await made.issue('hr:2')] as const;
  const awaited = (id: CredentialId) =>
    made.append(id, [{ type: 'ApprovalRequired', atMs: made.now(), deadlineMs: (made.now() + DAY_MS) as EpochMs }]);
  return { ...made, ids, awaited };
}
const ann = as('hr:1');
const auditor = as('hr:3', ['audit']);
const SEES: readonly (readonly [string, Caller | undefined, boolean])[] = [
  ['its owner', ann, true],
  ['who acts for its owner', as('hr:3', [], ['hr:1']), true],
  ['an auditor', auditor, true],
  ['an operator', as('hr:3', ['operate']), true],
  ['a steward', as('hr:3', ['steward']), false],
  ['an approver whom nobody asks', as('hr:3', ['approve']), false],
  ['the owner of another', as('hr:2', ['request']), false],
  ['who is no owner', as('hr:99'), false],
];

describe('a credential', () => {
  it.each(SEES)('is there for %s: %s', async (_who, caller, sees) => {
    const { ledger, ids, state } = await world();
    expect(await maySeeCredential(ledger, caller as Caller, await state(ids[0]))).toBe(sees);
    const shown = await showCredential(ledger)(caller, 'arn', ids[0]);
    expect(shown).toMatchObject(
      sees ? { ok: true, credential: await state(ids[0]) } : { ok: false, why: 'not-found', field: 'id', value: ids[0] },
    );
  });

  it.each([
    ['while it waits', 'active', true],
    ['not of what is suspended meanwhile', 'suspended', false],
  ])('whose approval is asked for is there for an approver: %s', async (_what, status, sees) => {
    const { ledger, ids, state, awaited, append, now } = await world();
    await awaited(ids[0]);
    if (status === 'suspended') await append(ids[0], [{ type: 'SuspensionStarted', why: 'requested', atMs: now(), ends: undefined }]);
    expect(await maySeeCredential(ledger, as('hr:3', ['approve']), await state(ids[0]))).toBe(sees);
    expect(await maySeeCredential(ledger, as('hr:3', ['request']), await state(ids[0]))).toBe(false);
  });

  it('that is not there looks the same as one that may not be seen', async () => {
    const { ledger } = await world();
    const id = 'cred_0' as CredentialId;
    expect(await showCredential(ledger)(auditor, 'arn', id)).toEqual({ ok: false, why: 'not-found', field: 'id', value: id });
    expect(await showCredential(ledger)(undefined, 'arn:x', id)).toEqual({
      ok: false,
      why: 'unmapped-caller',
      field: 'caller',
      value: 'arn:x',
    });
  });

  it('is shown with its history, and the name of everybody that is spoken of in it', async () => {
    const { ledger, ids, idOf, owner, append, awaited, now } = await world();
    const cat = await owner('hr:3');
    const heir = { rung: 'chosen', cause: 'refused', leave: undefined, line: await idOf('hr:1'), refused: [await idOf('hr:4')] } as const;
    const to = { id: cat.id, key: cat.key, epoch: cat.epoch };
    const terms = { atMs: now(), overlapMs: 0, deadlineMs: (now() + DAY_MS) as EpochMs, regretMs: 0 };
    await append(ids[0], [{ type: 'ReplacementStarted', ...terms, heir: { ...heir, to } }]);
    await awaited(ids[0]);
    await append(ids[0], [{ type: 'ApprovalGranted', by: await idOf('hr:2'), reason: 'x', untilMs: now() }]);
    const shown = await showCredential(ledger)(auditor, 'arn', ids[0]);
    if (!shown.ok) throw new Error(shown.why);
    expect(shown.events).toEqual(await ledger.events(ids[0]));
    expect([...shown.names.values()].sort()).toEqual(['hr:1', 'hr:2', 'hr:3', 'hr:4']);
  });

  it('that nobody but its holder has to do with names them alone', async () => {
    const { ledger, ids, idOf } = await world();
    const shown = await showCredential(ledger)(auditor, 'arn', ids[0]);
    expect(shown.ok && [...shown.names]).toEqual([[await idOf('hr:1'), 'hr:1']]);
  });

  it('that was passed on names who had it before, and who would not', async () => {
    const { ledger, ids, idOf, state } = await world();
    const [from, refused] = [await idOf('hr:2'), await idOf('hr:4')];
    const passed = { ...(await state(ids[0])), succession: { from: { id: from }, refused: [refused] } };
    const told: Ledger = { ...ledger, credential: async () => ({ state: passed, version: 1, headHash: '' }) as never };
    const shown = await showCredential(told)(auditor, 'arn', ids[0]);
    expect(shown.ok && [...shown.names.values()].sort()).toEqual(['hr:1', 'hr:2', 'hr:4']);
  });
});

describe('names', () => {
  it('are read once each, and of whom no record tells there is none', async () => {
    const { ledger, idOf } = await world();
    const id = await idOf('hr:1');
    let reads = 0;
    const counted: Ledger = {
      ...ledger,
      owner: (of) => {
        reads += 1;
        return ledger.owner(of);
      },
    };
    expect([...(await namesOf(counted, [id, id, 'own_0' as OwnerId]))]).toEqual([[id, 'hr:1']]);
    expect(reads).toBe(2);
  });
});

describe('an owner', () => {
  const show = ({ ledger }: { readonly ledger: Ledger }, caller: Caller | undefined, ref = 'hr:1') =>
    showOwner({ ledger, account: '1' })(caller, 'arn:x', ref);

  it.each(SEES)('is there for %s: %s', async (_who, caller, sees) => {
    const here = await world();
    expect(await show(here, caller)).toMatchObject(
      sees ? { ok: true, owner: await here.owner('hr:1') } : { ok: false, why: 'not-found', field: 'owner', value: 'hr:1' },
    );
  });

  it('whom nobody knows is not, nor anybody for a caller no rule maps', async () => {
    const here = await world();
    expect(await show(here, auditor, 'hr:99')).toEqual({ ok: false, why: 'not-found', field: 'owner', value: 'hr:99' });
    expect(await show(here, undefined)).toEqual({ ok: false, why: 'unmapped-caller', field: 'caller', value: 'arn:x' });
  });

  it('is shown with what they hold, not with what they passed on', async () => {
    const here = await world();
    const [first, second] = here.ids;
    const bob = await here.owner('hr:2');
    const { heldBy } = here.ledger;
    const passed: Ledger = {
      ...here.ledger,
      heldBy: async (...asked) => {
        const found = await heldBy(...asked);
        return { ...found, page: found.page.map((one) => (one.id === second ? { ...one, holder: { ...one.holder, id: bob.id } } : one)) };
      },
    };
    const shown = await show({ ledger: passed }, ann);
    expect(shown).toMatchObject({ ok: true, more: false, killEntry: undefined });
    expect(shown.ok && shown.credentials.map(({ id }) => id)).toEqual([first]);
  });

  it('of more than a page says that there are more', async () => {
    const here = await world();
    for (let n = 0; n < 99; n += 1) await here.issue('hr:1');
    const shown = await show(here, ann);
    expect(shown.ok && [shown.credentials.length, shown.more]).toEqual([100, true]);
  });

  it('who is killed is shown with where they stand on the list', async () => {
    const here = await world();
    await here.kills('hr:4');
    await here.kills('hr:1');
    const { key } = await here.owner('hr:1');
    expect(await show(here, auditor)).toMatchObject({ ok: true, killEntry: { key, sinceMs: here.now() } });
    expect(await show(here, auditor, 'hr:2')).toMatchObject({ ok: true, killEntry: undefined });
    const none: Ledger = { ...here.ledger, denyList: async () => undefined };
    expect(await show({ ledger: none }, auditor)).toMatchObject({ ok: true, killEntry: undefined });
    expect((await here.ledger.denyList(killListId('1')))?.state.entries).toHaveLength(2);
  });
});

describe('the list of what lives', () => {
  it.each([
    ['an auditor', auditor, undefined],
    ['the owner', ann, 'right-missing'],
    ['an operator', as('hr:3', ['operate', 'approve', 'steward']), 'right-missing'],
    ['nobody', undefined, 'unmapped-caller'],
  ] as const)('is for %s: %s', async (_who, caller, why) => {
    const { ledger } = await world();
    for (const answer of [await listCredentials(ledger)(caller, 'arn:x', undefined), await listFindings(ledger)(caller, 'arn:x')])
      expect(answer).toMatchObject(why ? { ok: false, why, field: 'caller', value: 'arn:x' } : { ok: true });
  });

  it('shows each with its owner, though one of them can’t be read, and goes on with the next kind', async () => {
    const made = await world();
    made.ledger.damaged.add(await made.idOf('hr:2'));
    const list = listCredentials(made.ledger);
    const first = await list(auditor, 'arn', undefined);
    if (!first.ok) throw new Error(first.why);
    const [ann1, bob] = [await made.owner('hr:1'), undefined];
    expect(new Map(first.page.map(({ credential, owner }) => [credential.id, owner]))).toEqual(
      new Map([
        [made.ids[0], ann1],
        [made.ids[1], ann1],
        [made.ids[2], bob],
      ]),
    );
    expect([first.unreadable, first.nextCursor]).toEqual([[], 'api-token']);
    expect(await list(auditor, 'arn', 'api-token')).toEqual({ ok: true, page: [], unreadable: [], nextCursor: undefined });
  });

  it('comes in pages of a hundred, and names the records that do not parse', async () => {
    const asked: unknown[] = [];
    const { ledger } = await world();
    const paged: Ledger = {
      ...ledger,
      live: async (...of) => {
        asked.push(of);
        return { page: [], unreadable: ['cred_x' as CredentialId], nextCursor: 'b' };
      },
    };
    const list = listCredentials(paged);
    expect(await list(auditor, 'arn', undefined)).toMatchObject({ unreadable: ['cred_x'], nextCursor: 'aws-iam-user.b' });
    expect(await list(auditor, 'arn', 'api-token.a')).toMatchObject({ nextCursor: 'api-token.b' });
    expect(asked).toEqual([
      ['aws-iam-user', undefined, 100],
      ['api-token', 'a', 100],
    ]);
  });

  it('refuses a cursor that is none', async () => {
    const { ledger } = await world();
    await expect(listCredentials(ledger)(auditor, 'arn', 'else.a')).rejects.toMatchObject({
      code: 'misconfigured',
      retryable: false,
      message: expect.stringContaining('no cursor of ours'),
    });
  });

  it('an owner’s record that the ledger does not give is a fault', async () => {
    const { ledger } = await world();
    const out: Ledger = { ...ledger, owner: () => Promise.reject(new TypeError('out')) };
    await expect(listCredentials(out)(auditor, 'arn', undefined)).rejects.toThrow('out');
  });
});

describe('findings', () => {
  it('are shown as they are', async () => {
    const made = company(givenPolicy({ mode: 'observe', profiles: { p: givenProfile() } }));
    for (const ref of ['hr:1', 'hr:3']) await made.joins(ref);
    await made.issue('hr:1');
    await made.fact('Left', 'hr:1');
    await made.work('hr:1');
    const findings = await made.ledger.findings();
    expect(findings).toHaveLength(1);
    expect(await listFindings(made.ledger)(auditor, 'arn')).toEqual({ ok: true, findings });
  });
});
