import { describe, expect, it } from 'vitest';
import { type Asked, type Changed, changeCredential } from '../../../lib/application/change-credential.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import type { Caller, Verb } from '../../../lib/domain/authorize.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { HandoverCause } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { Profile } from '../../../lib/domain/policy.ts';
import type { AttemptId, EpochMs, KeyId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

const owner = as('hr:1');
const operator = as('hr:2', ['operate']);
const approver = as('hr:2', ['approve']);

/** Ann (1) holds a credential; Bob (2), whose manager is Dan (4), could. */
async function world(profile: Partial<Profile> = {}) {
  const made = company(givenPolicy({ profiles: { p: givenProfile({ ttlMs: 365 * DAY_MS, ...profile }) } }));
  await made.joins('hr:1');
  await made.joins('hr:2', { manager: '4' });
  await made.joins('hr:4');
  const id = await made.issue('hr:1');
  const on = (ledger: Ledger, verb: Verb, caller: Caller | undefined = owner, more: Partial<Asked> = {}) =>
    changeCredential({ ...made.ports, ledger })(caller, caller?.arn ?? '', id, { verb, reason: 'a test', ...more });
  const append = (...events: readonly CredentialEvent[]) => made.append(id, events);
  return { ...made, id, on, append, messages: () => made.wake.messages.splice(0) };
}
type World = Awaited<ReturnType<typeof world>>;

const suspended = (here: World) => here.append({ type: 'SuspensionStarted', why: 'requested', atMs: here.now(), ends: undefined });
const awaited = (here: World) => here.append({ type: 'ApprovalRequired', atMs: here.now(), deadlineMs: (here.now() + DAY_MS) as EpochMs });
const approved = async (here: World, forMs: number) =>
  here.append({ type: 'ApprovalGranted', by: await here.idOf('hr:2'), reason: 'needed', untilMs: (here.now() + forMs) as EpochMs });
const moved = (here: World) => here.fact('Moved', 'hr:1', { roles: ['OTHER'] });

/** Ann got it from Bob. */
async function given(here: World, cause: HandoverCause): Promise<void> {
  const { holder, versions } = await here.state(here.id);
  const [first] = versions;
  const bob = await here.idOf('hr:2');
  const of = { fence: 2, attempt: '00000000-0000-4000-8000-0000000000fe' as AttemptId };
  const atMs = here.now();
  const heir = { to: holder, rung: 'chosen', cause, leave: undefined, line: bob, refused: [] } as const;
  await here.append(
    { type: 'ReplacementStarted', atMs, overlapMs: 0, deadlineMs: (atMs + DAY_MS) as EpochMs, regretMs: DAY_MS, heir },
    { type: 'StepStarted', ...of, step: 'create-version', untilMs: atMs, settledAtMs: atMs },
    { type: 'VersionCreated', ...of, keyId: 'AKIANEW' as KeyId },
    { type: 'VersionStored', ...of, verifyAtMs: atMs },
    { type: 'VersionVerified', ...of, atMs },
    { type: 'VersionPromoted', ...of, atMs },
    { type: 'VersionDisabled', fence: 2, keyId: (first && 'keyId' in first ? first.keyId : '') as KeyId, atMs },
    { type: 'CredentialHandedOver', to: holder, atMs },
  );
}

describe('a refusal says which field it is about, and what it was', () => {
  const nothing = async (): Promise<void> => undefined;
  const of = (why: string, field: string, value: string) => ({ ok: false, why, field, value });
  type Expected = (here: World) => Promise<Partial<Changed>> | Partial<Changed>;
  it.each<readonly [string, Verb, Caller, (here: World) => Promise<unknown>, Expected]>([
    ['of what they may not see', 'rotate', as('hr:4'), nothing, ({ id }) => of('not-found', 'id', id) as Changed],
    ['of what they may not do', 'resume', owner, nothing, () => of('right-missing', 'caller', owner.arn) as Changed],
    [
      'of an approver who is nobody',
      'approve',
      as('hr:99', ['approve']),
      awaited,
      () => of('caller-not-active', 'caller', 'hr:99') as Changed,
    ],
    [
      'of its state',
      'resume',
      operator,
      nothing,
      async ({ id, state }) => ({ ...of('not-suspended', 'id', id), credential: await state(id) }) as Changed,
    ],
    [
      'of the owner, as they are now',
      'renew',
      operator,
      (here) => here.fact('Left', 'hr:1'),
      async ({ id, state }) => ({ ...of('owner-not-active', 'id', id), credential: await state(id) }) as Changed,
    ],
    [
      'of what the profile says',
      'renew',
      owner,
      nothing,
      async ({ id, state }) => ({ ...of('not-renewable', 'id', id), credential: await state(id) }) as Changed,
    ],
    [
      'of a role that is no more, at a renewal',
      'renew',
      owner,
      moved,
      () => of('cannot-hold', 'owner', 'hr:1: not-eligible: OTHER') as Changed,
    ],
    [
      'of a role that is no more, at a resumption',
      'resume',
      operator,
      async (here) => [await suspended(here), await moved(here)],
      () => of('cannot-hold', 'owner', 'hr:1: not-eligible: OTHER') as Changed,
    ],
    ['of a transfer to nobody', 'transfer', owner, nothing, () => of('no-such-owner', 'to', '') as Changed],
    [
      'of what nobody handed over',
      'refuse',
      owner,
      nothing,
      async ({ id, state }) => ({ ...of('nothing-to-accept', 'id', id), credential: await state(id) }) as Changed,
    ],
  ])('%s', async (what, verb, caller, first, expected) => {
    const here = await world(what === 'of what the profile says' ? { renewal: 'none' } : {});
    await first(here);
    here.messages();
    expect(await here.change(caller, here.id, verb)).toEqual(await expected(here));
    expect(here.messages()).toEqual([]);
  });

  it('of a caller no rule maps', async () => {
    const here = await world();
    expect(await here.change(undefined, here.id, 'revoke')).toEqual(of('unmapped-caller', 'caller', 'arn:nobody'));
  });

  it.each(['renew', 'resume'] as const)('of an owner who is not on record, at a %s', async (verb) => {
    const here = await world();
    if (verb === 'resume') await suspended(here);
    const { holder } = await here.state(here.id);
    const without: Ledger = { ...here.ledger, owner: async (id) => (id === holder.id ? undefined : here.ledger.owner(id)) };
    expect(await here.on(without, verb, operator)).toEqual(of('no-such-owner', 'owner', holder.id));
  });
});

describe('a fault', () => {
  it.each([
    ['of the ledger', new Fault('ledger-unreadable', false, 'out')],
    ['that is a defect', new TypeError('out')],
  ])('%s is no refusal', async (_what, error) => {
    const here = await world();
    const out: Ledger = { ...here.ledger, appendCredential: () => Promise.reject(error) };
    await expect(here.on(out, 'rotate')).rejects.toThrow('out');
  });
});

describe('what is put on record', () => {
  it.each<readonly [Verb, Caller, (here: World) => Promise<unknown>, Partial<CredentialEvent>]>([
    ['revoke', owner, async () => undefined, { type: 'RevocationStarted', cause: 'requested' }],
    ['suspend', owner, async () => undefined, { type: 'SuspensionStarted', why: 'requested' }],
    ['resume', operator, suspended, { type: 'ResumptionStarted' }],
    ['renew', owner, async () => undefined, { type: 'ExpiryRenewed' }],
    ['transfer', owner, async () => undefined, { type: 'ReplacementStarted' }],
    ['refuse', owner, (here) => given(here, 'requested'), { type: 'ReplacementStarted' }],
    ['approve', approver, awaited, { type: 'ApprovalGranted', reason: 'a test' }],
  ])('%s, for the reason that was given and nothing else', async (verb, caller, first, event) => {
    const here = await world();
    await first(here);
    await here.change(caller, here.id, verb, { to: 'hr:2' });
    const told = (await here.ledger.events(here.id)).findLast(({ type }) => type === event.type);
    expect(told).toMatchObject({
      cause: 'a test',
      actor: { kind: 'person', id: caller.arn },
      correlationId: here.id,
      policyDigest: 'digest',
      data: event,
    });
  });
});

describe('an approval of what the role does not give', () => {
  it.each([
    ['a moment before its end', 1, true],
    ['at its end', 0, false],
  ])('counts %s: %s', async (_what, forMs, ok) => {
    const here = await world();
    await suspended(here);
    await moved(here);
    await approved(here, forMs);
    expect((await here.change(operator, here.id, 'resume')).ok).toBe(ok);
  });

  it('is not needed for a renewal where the profile is gone: that says no by itself', async () => {
    const here = await world();
    const without = { ...here.ports, policy: givenPolicy({ profiles: {} }) };
    expect(await changeCredential(without)(owner, owner.arn, here.id, { verb: 'renew', reason: 'x' })).toMatchObject({
      why: 'not-renewable',
    });
  });

  it('asked for at a renewal is for renewals alone', async () => {
    const here = await world({ renewal: 'approval' });
    expect(await here.change(owner, here.id, 'rotate')).toMatchObject({ ok: true });
  });
});

describe('a gift that is refused', () => {
  it('by somebody whose giver could not have it any more goes on up the giver’s succession', async () => {
    const here = await world();
    await given(here, 'requested');
    await here.fact('Moved', 'hr:2', { roles: ['OTHER'] });
    await here.change(owner, here.id, 'refuse');
    expect(await here.state(here.id)).toMatchObject({
      replacement: { heir: { to: { id: await here.idOf('hr:4') }, rung: 'manager', cause: 'refused', line: await here.idOf('hr:2') } },
    });
  });

  it('by somebody whose giver is not on record has nobody to go to: it ends, reversibly', async () => {
    const here = await world();
    await given(here, 'owner-left');
    const bob = await here.idOf('hr:2');
    const without: Ledger = { ...here.ledger, owner: async (id) => (id === bob ? undefined : here.ledger.owner(id)) };
    await here.on(without, 'refuse');
    expect(await here.state(here.id)).toMatchObject({ status: 'suspended', why: 'owner-left' });
    expect(await here.lastCause(here.id)).toBe('a test; nobody can take it over');
  });
});
