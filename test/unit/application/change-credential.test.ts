import { describe, expect, it } from 'vitest';
import type { Caller, Verb } from '../../../lib/domain/authorize.ts';
import type { HandoverCause } from '../../../lib/domain/credential/state.ts';
import type { Profile } from '../../../lib/domain/policy.ts';
import type { AttemptId, CredentialId, KeyId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

type Company = ReturnType<typeof company>;

const HOUR_MS = 3_600_000;

/** Ann (1) holds a credential; Bob (2) could; Carol (3) has another role. */
async function world(profile: Partial<Profile> = {}) {
  const made = company(givenPolicy({ profiles: { p: givenProfile({ ttlMs: 365 * DAY_MS, ...profile }) } }));
  await made.joins('hr:1');
  await made.joins('hr:2');
  await made.joins('hr:3', { roles: ['OTHER'] });
  return { ...made, id: await made.issue('hr:1') };
}

/** Brings a credential where the verb applies. */
const READY: Readonly<Record<Verb, (company: Company, id: CredentialId) => Promise<void>>> = {
  revoke: async () => undefined,
  rotate: async () => undefined,
  replace: async () => undefined,
  suspend: async () => undefined,
  transfer: async () => undefined,
  renew: async () => undefined,
  resume: (made, id) => made.append(id, [{ type: 'SuspensionStarted', why: 'requested', atMs: made.now(), ends: undefined }]),
  undo: async (made, id) => {
    const of = { fence: 2, attempt: '00000000-0000-4000-8000-0000000000ff' as AttemptId };
    const [first] = (await made.state(id)).versions;
    await made.append(id, [
      { type: 'StepStarted', ...of, step: 'create-version', untilMs: made.now(), settledAtMs: made.now() },
      { type: 'VersionCreated', ...of, keyId: 'AKIANEW' as KeyId },
      { type: 'VersionStored', ...of, verifyAtMs: made.now() },
      { type: 'VersionVerified', ...of, atMs: made.now() },
      { type: 'VersionPromoted', ...of, atMs: made.now() },
      { type: 'VersionDisabled', fence: 2, keyId: (first && 'keyId' in first ? first.keyId : '') as KeyId, atMs: made.now() },
    ]);
  },
  approve: (made, id) => made.append(id, [{ type: 'ApprovalRequired', atMs: made.now(), deadlineMs: (made.now() + DAY_MS) as never }]),
  accept: (made, id) => handedToAnn(made, id),
  refuse: (made, id) => handedToAnn(made, id),
};

/** As if it had come to its holder from Bob. */
async function handedToAnn(made: Company, id: CredentialId, cause: HandoverCause = 'owner-left'): Promise<void> {
  const { holder } = await made.state(id);
  const bob = await made.owner('hr:2');
  const heir = { to: holder, rung: 'manager', cause, leave: undefined, line: bob.id, refused: [] } as const;
  const known = (await made.state(id)).versions.flatMap((version) => ('keyId' in version ? [version.keyId] : []));
  const of = { fence: 2, attempt: '00000000-0000-4000-8000-0000000000fe' as AttemptId };
  const atMs = made.now();
  await made.append(id, [
    { type: 'ReplacementStarted', atMs, overlapMs: 0, deadlineMs: (atMs + HOUR_MS) as never, regretMs: DAY_MS, heir },
    { type: 'StepStarted', ...of, step: 'create-version', untilMs: atMs, settledAtMs: atMs },
    { type: 'VersionCreated', ...of, keyId: 'AKIANEW' as KeyId },
    { type: 'VersionStored', ...of, verifyAtMs: atMs },
    { type: 'VersionVerified', ...of, atMs },
    { type: 'VersionPromoted', ...of, atMs },
    ...known.map((keyId) => ({ type: 'VersionDisabled', fence: 2, keyId, atMs }) as const),
    { type: 'CredentialHandedOver', to: holder, atMs },
  ]);
}

const asked = async (made: Company & { readonly id: CredentialId }, caller: Caller | undefined, verb: Verb): Promise<string> => {
  await READY[verb](made, made.id);
  const result = await made.change(caller, made.id, verb, { to: 'hr:2' });
  return result.ok ? 'done' : result.why;
};

const owner = as('hr:1');
const delegate = as('hr:2', [], ['hr:1']);
const operator = as('hr:2', ['operate']);
const approver = as('hr:2', ['approve', 'audit']);
const auditor = as('hr:2', ['audit']);
const stranger = as('hr:2', ['request', 'steward']);

describe('who may change a credential', () => {
  const yes = 'done';
  const no = 'right-missing';
  it.each<[Verb, Readonly<Record<'owner' | 'delegate' | 'operator' | 'auditor', string>>]>([
    ['revoke', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['rotate', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['replace', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['suspend', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['undo', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['transfer', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['renew', { owner: yes, delegate: yes, operator: yes, auditor: no }],
    ['resume', { owner: no, delegate: no, operator: yes, auditor: no }],
    ['approve', { owner: no, delegate: no, operator: no, auditor: no }],
    ['accept', { owner: yes, delegate: yes, operator: 'not-the-owner', auditor: 'not-the-owner' }],
    ['refuse', { owner: yes, delegate: yes, operator: 'not-the-owner', auditor: 'not-the-owner' }],
  ])('%s', async (verb, expected) => {
    expect(await asked(await world(), owner, verb)).toBe(expected.owner);
    expect(await asked(await world(), delegate, verb)).toBe(expected.delegate);
    expect(await asked(await world(), operator, verb)).toBe(expected.operator);
    expect(await asked(await world(), auditor, verb)).toBe(expected.auditor);
    expect(await asked(await world(), stranger, verb)).toBe('not-found'); // not even that it is there
    expect(await asked(await world(), undefined, verb)).toBe('unmapped-caller');
  });

  it.each([
    ['somebody else with the right', approver, 'done'],
    ['somebody else with no other right', as('hr:2', ['approve']), 'done'], // sees what waits for an approval
    ['the owner with the right', as('hr:1', ['approve', 'audit']), 'own-request'],
    ['the same person by another principal', as('1@example.com', ['approve', 'audit']), 'own-request'],
    ['who acts for the owner', as('hr:2', ['approve', 'audit'], ['hr:1']), 'own-request'],
    ['somebody no source has told of', as('hr:99', ['approve', 'audit']), 'caller-not-active'],
  ] as const)('approval by %s: %s', async (_name, caller, expected) => {
    expect(await asked(await world(), caller, 'approve')).toBe(expected);
  });

  it.each([
    ['the owner', owner, no],
    ['the owner with the right', as('hr:1', ['approve', 'audit']), 'own-request'],
    ['who acts for the owner', as('hr:2', ['approve', 'audit'], ['hr:1']), 'own-request'],
    ['somebody else with the right', approver, 'done'],
  ] as const)('where a renewal wants an approval, by %s: %s', async (_name, caller, expected) => {
    expect(await asked(await world({ renewal: 'approval' }), caller, 'renew')).toBe(expected);
  });

  it('nobody approves any more who has left', async () => {
    const made = await world();
    await made.fact('Left', 'hr:2');
    expect(await asked(made, approver, 'approve')).toBe('caller-not-active');
  });
});

describe('a change', () => {
  it('is on record with who and why, and wakes the worker', async () => {
    const made = await world();
    await made.change(operator, made.id, 'suspend', { reason: 'an alert' });
    const [event] = (await made.ledger.events(made.id)).slice(-1);
    expect(event).toMatchObject({ type: 'SuspensionStarted', cause: 'an alert', actor: { kind: 'person', id: operator.arn } });
    expect(made.wake.messages).toMatchObject([{ queue: 'aws-iam-user', id: made.id }]);
  });

  it('wakes the worker when there is something to do: a lift waits for whatever may still deny', async () => {
    const made = await world();
    await READY.resume(made, made.id);
    await made.change(operator, made.id, 'resume');
    const { liftAtMs } = (await made.state(made.id)) as { liftAtMs?: number };
    expect(liftAtMs).toBeGreaterThan(made.now());
    expect(made.wake.messages.at(-1)).toMatchObject({ id: made.id, visibleAtMs: liftAtMs });
  });

  it('of what is not there, and of what somebody else holds, looks the same', async () => {
    const made = await world();
    const absent = 'cred_00000000000000000000009999' as CredentialId;
    const [unknown, foreign] = [await made.change(stranger, absent, 'revoke'), await made.change(stranger, made.id, 'revoke')];
    expect([unknown, foreign]).toMatchObject([{ why: 'not-found' }, { why: 'not-found' }]);
  });

  it('that its state does not allow is refused, with the state', async () => {
    const made = await world();
    await made.change(owner, made.id, 'revoke');
    const refused = await made.change(owner, made.id, 'rotate');
    expect(refused).toMatchObject({ ok: false, why: 'already-ending', credential: { status: 'revoking', sinceMs: made.now() } });
  });
});

describe('an approver', () => {
  it('sees what waits for an approval, and nothing else', async () => {
    const made = await world();
    const only = as('hr:2', ['approve']);
    expect(await made.change(only, made.id, 'approve')).toMatchObject({ why: 'not-found' });
    await READY.approve(made, made.id);
    expect(await made.change(only, made.id, 'rotate')).toMatchObject({ why: 'right-missing' });
  });
});

describe('resume', () => {
  it('is refused while the owner is not active', async () => {
    const made = await world();
    await READY.resume(made, made.id);
    await made.fact('Left', 'hr:1');
    expect(await made.change(as('hr:2', ['operate']), made.id, 'resume')).toMatchObject({ why: 'owner-not-active' });
  });

  it('after a leave and a return is for the owner in their new life', async () => {
    const made = await world();
    await READY.resume(made, made.id);
    await made.fact('Left', 'hr:1');
    await made.fact('Returned', 'hr:1');
    expect(await made.change(operator, made.id, 'resume')).toMatchObject({ ok: true });
    const { epoch } = await made.owner('hr:1');
    expect(epoch).toBeGreaterThan(0);
    expect((await made.state(made.id)).holder).toMatchObject({ epoch });
  });

  it('gives nobody what their role does not, unless somebody approved of it', async () => {
    const made = await world();
    await READY.resume(made, made.id);
    await made.fact('Moved', 'hr:1', { roles: ['OTHER'] });
    expect(await made.change(operator, made.id, 'resume')).toMatchObject({
      ok: false,
      why: 'cannot-hold',
      value: 'hr:1: not-eligible: OTHER',
    });
    const untilMs = (made.now() + 1) as never;
    await made.append(made.id, [{ type: 'ApprovalGranted', by: await made.idOf('hr:2'), reason: 'needed', untilMs }]);
    expect(await made.change(operator, made.id, 'resume')).toMatchObject({ ok: true });
  });
});

describe('transfer', () => {
  it.each([
    ['to nobody anybody knows', 'hr:99', { why: 'no-such-owner', field: 'to', value: 'hr:99' }],
    ['to who could not ask for it', 'hr:3', { why: 'cannot-hold', field: 'to', value: 'hr:3: not-eligible: OTHER' }],
    ['to whose it is', 'hr:1', { why: 'already-handed-over' }],
  ])('%s is refused', async (_name, to, refused) => {
    const made = await world();
    expect(await made.change(owner, made.id, 'transfer', { to })).toMatchObject({ ok: false, ...refused });
  });

  it('to who has left is refused', async () => {
    const made = await world();
    await made.fact('Left', 'hr:2');
    expect(await made.change(owner, made.id, 'transfer', { to: 'hr:2' })).toMatchObject({ why: 'cannot-hold', field: 'to' });
  });

  it('starts with new keys; the ownership comes last', async () => {
    const made = await world();
    await made.change(owner, made.id, 'transfer', { to: 'hr:2' });
    expect(await made.state(made.id)).toMatchObject({
      holder: { id: await made.idOf('hr:1') },
      replacement: { heir: { to: { id: await made.idOf('hr:2') }, rung: 'chosen', cause: 'requested', leave: undefined } },
    });
  });
});

describe('refusal of what was handed over', () => {
  /** Ann got it after Bob; Bob’s manager is Dan (4), whose manager is Eve (5). */
  const handed = async (dan: Parameters<Company['joins']>[1], steward?: string) => {
    const made = company(givenPolicy(steward ? { steward } : {}));
    await made.joins('hr:1');
    await made.joins('hr:2', { manager: '4' });
    await made.joins('hr:4', { manager: '5', ...dan });
    await made.joins('hr:5');
    const id = await made.issue('hr:1');
    await handedToAnn(made, id);
    return { ...made, id };
  };

  it('goes on up the succession of whom it came from', async () => {
    const made = await handed({});
    await made.change(owner, made.id, 'refuse', { reason: 'not my service' });
    const { id: ann } = await made.owner('hr:1');
    expect(await made.state(made.id)).toMatchObject({
      replacement: { heir: { to: { id: await made.idOf('hr:4') }, rung: 'manager', cause: 'refused', refused: [ann] } },
    });
    expect(await made.lastCause(made.id)).toBe('not my service');
  });

  it('passes over who can’t, and says so in its cause', async () => {
    const made = await handed({ roles: ['OTHER'] });
    await made.change(owner, made.id, 'refuse');
    expect(await made.state(made.id)).toMatchObject({ replacement: { heir: { to: { id: await made.idOf('hr:5') } } } });
    expect(await made.lastCause(made.id)).toBe('a test; passed over hr:4 as manager: not-eligible: OTHER');
  });

  it('by the last of them suspends it, with an end', async () => {
    const made = await handed({ roles: ['OTHER'], manager: '2' });
    await made.change(owner, made.id, 'refuse');
    expect(await made.state(made.id)).toMatchObject({ status: 'suspended', why: 'owner-left', ends: { cause: 'owner-left' } });
    expect(await made.lastCause(made.id)).toMatch(/^a test; passed over hr:4 as manager: .*; nobody can take it over$/);
  });

  it('of a gift gives it back', async () => {
    const made = await world();
    await handedToAnn(made, made.id, 'requested');
    await made.change(owner, made.id, 'refuse');
    expect(await made.state(made.id)).toMatchObject({
      replacement: { heir: { to: { id: await made.idOf('hr:2') }, rung: 'chosen', cause: 'refused' } },
    });
  });

  it('after acceptance comes too late', async () => {
    const made = await handed({});
    await made.change(owner, made.id, 'accept');
    expect(await made.change(owner, made.id, 'refuse')).toMatchObject({ why: 'nothing-to-accept' });
  });
});

describe('a renewal', () => {
  it('lets its time begin anew, with a new key', async () => {
    const made = await world();
    made.later(300 * DAY_MS);
    expect(await made.change(owner, made.id, 'renew')).toMatchObject({ ok: true, credential: { rotateAtMs: made.now() } });
    expect((await made.state(made.id)).expiry).toEqual({ ttlMs: 365 * DAY_MS, atMs: made.now() + 365 * DAY_MS, warned: 0 });
  });

  it.each<[string, Partial<Profile>, (made: Company) => Promise<unknown>, string]>([
    ['where the profile does not allow it', { renewal: 'none' }, async () => undefined, 'not-renewable'],
    ['where the profile limits no time', { ttlMs: undefined }, async () => undefined, 'not-renewable'],
    ['for who has left', {}, (made) => made.fact('Left', 'hr:1'), 'owner-not-active'],
    [
      'for who is in a later life',
      {},
      async (made) => [await made.fact('Left', 'hr:1'), await made.fact('Returned', 'hr:1')],
      'owner-not-active',
    ],
    ['for who could not ask for it now', {}, (made) => made.fact('Moved', 'hr:1', { roles: ['OTHER'] }), 'cannot-hold'],
    ['for who is killed', {}, (made) => made.kills('hr:1'), 'owner-not-active'],
  ])('is refused %s', async (_name, profile, first, why) => {
    const made = await world(profile);
    await first(made);
    expect(await made.change(operator, made.id, 'renew')).toMatchObject({ ok: false, why });
  });
});
