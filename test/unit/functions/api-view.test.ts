import { describe, expect, it } from 'vitest';
import { cannot } from '../../../functions/api/in-words.ts';
import { refusal } from '../../../functions/api/problem.ts';
import { credentialView, ownerView } from '../../../functions/api/view.ts';
import { batchView } from '../../../functions/api/view-batch.ts';
import { timelineView } from '../../../functions/api/view-timeline.ts';
import { showCredential } from '../../../lib/application/consult.ts';
import { listBatches } from '../../../lib/application/release-batch.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { AttemptId, CredentialId, EpochMs, KeyId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from '../application/company.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const auditor = as('hr:9', ['audit']);

async function world() {
  const onLeave = { action: 'transfer', overlapMs: 0, regretMs: DAY_MS } as const;
  const one = { owners: 1, credentials: 10 };
  const guard = { hour: one, day: { ...one, owners: 9 }, week: { ...one, owners: 9 }, forCauseAnHour: 1, escalateAfterMs: 1 };
  const made = company(givenPolicy({ profiles: { p: givenProfile({ onLeave }) }, guard }));
  await made.joins('hr:1', { successor: '3', manager: '2' });
  await made.joins('hr:2');
  await made.joins('hr:3', { roles: ['OTHER'] });
  const id = await made.issue('hr:1');
  const at = (ms: number): EpochMs => (made.now() + ms) as EpochMs;
  const shown = async () => {
    const found = await showCredential(made.ledger)(auditor, '', id);
    if (!found.ok) throw new Error(found.why);
    return JSON.parse(JSON.stringify(timelineView(found)));
  };
  return { ...made, id, at, shown };
}

type World = Awaited<ReturnType<typeof world>>;

/** Ann leaves; whom she named can't, so her manager gets new keys. */
async function leaving(made: World): Promise<void> {
  await made.fact('Left', 'hr:1');
  await made.work('hr:1');
}

async function handedOver(made: World): Promise<void> {
  const of = { fence: 2, attempt: '00000000-0000-4000-8000-0000000000fe' as AttemptId };
  const state = await made.state(made.id);
  const known = state.versions.flatMap((version) => ('keyId' in version ? [version.keyId] : []));
  const heir = state.status === 'active' ? state.replacement?.heir?.to : undefined;
  if (!heir) throw new Error('no heir');
  const events: readonly CredentialEvent[] = [
    { type: 'StepStarted', ...of, step: 'create-version', untilMs: made.now(), settledAtMs: made.now() },
    { type: 'VersionCreated', ...of, keyId: 'AKIANEW' as KeyId },
    { type: 'VersionStored', ...of, verifyAtMs: made.now() },
    { type: 'VersionVerified', ...of, atMs: made.now() },
    { type: 'VersionPromoted', ...of, atMs: made.now() },
    ...known.map((keyId) => ({ type: 'VersionDisabled', fence: 2, keyId, atMs: made.now() }) as const),
    { type: 'CredentialHandedOver', to: heir, atMs: made.now() },
  ];
  await made.append(made.id, events);
}

describe('what is shown of a credential', () => {
  it('that is handed over: to whom, on which rung, and who was passed over and why', async () => {
    const made = await world();
    await leaving(made);
    const shown = await made.shown();
    expect(shown).toMatchObject({
      ownerRef: 'hr:1',
      passedOver: 'hr:3 as named: not-eligible: OTHER',
      replacement: { since: iso(made.now()), to: 'hr:2', rung: 'manager', cause: 'owner-left' },
    });
    expect(shown.events.at(-1)).toMatchObject({
      type: 'ReplacementStarted',
      detail: expect.stringMatching(/^to hr:2 \(manager\), by 20/),
      cause: 'owner-left; passed over hr:3 as named: not-eligible: OTHER',
    });
  });

  it('that was handed over: from whom to whom, and whether they accepted', async () => {
    const made = await world();
    await leaving(made);
    await handedOver(made);
    const succession = { from: 'hr:1', to: 'hr:2', rung: 'manager', cause: 'owner-left', at: iso(made.now()), refusedBy: [] };
    expect(await made.shown()).toMatchObject({ ownerRef: 'hr:2', succession: { ...succession, acceptedAt: null } });
    await made.change(as('hr:2'), made.id, 'accept');
    expect((await made.shown()).succession).toEqual({ ...succession, acceptedAt: iso(made.now()) });
  });

  it('that is suspended: why, since when, whether access is gone, and until when', async () => {
    const made = await world();
    const ends = { atMs: made.at(DAY_MS), cause: 'owner-left' } as const;
    await made.append(made.id, [{ type: 'SuspensionStarted', why: 'owner-left', atMs: made.now(), ends }]);
    const suspension = { why: 'owner-left', since: iso(made.now()), revokedOn: iso(made.at(DAY_MS)) };
    expect((await made.shown()).suspension).toEqual(suspension);
    await made.append(made.id, [{ type: 'AccessDenied', startedAtMs: made.now(), atMs: made.now() }]);
    expect((await made.shown()).suspension).toEqual({ ...suspension, accessRemovedAt: iso(made.now()) });
  });

  it('that waits for an approval, and that has it', async () => {
    const made = await world();
    await made.append(made.id, [{ type: 'ApprovalRequired', atMs: made.now(), deadlineMs: made.at(1) }]);
    expect((await made.shown()).approval).toEqual({ pendingSince: iso(made.now()), revokedUnlessBy: iso(made.at(1)) });
    await made.change(as('hr:2', ['approve']), made.id, 'approve', { reason: 'needed' });
    expect((await made.shown()).approval).toEqual({ by: 'hr:2', reason: 'needed', until: iso(made.at(90 * DAY_MS)) });
  });

  it('that a leaked key is replaced of', async () => {
    const made = await world();
    await made.change(as('hr:1'), made.id, 'replace');
    expect((await made.shown()).replacement).toEqual({ since: iso(made.now()), deadline: iso(made.at(900_000)) });
  });

  it('never holds a lease, a fence, or what nobody outside needs', async () => {
    const made = await world();
    expect(Object.keys(credentialView(await made.state(made.id)))).not.toEqual(expect.arrayContaining(['lease']));
    expect(JSON.stringify(await made.shown())).not.toMatch(/fence|lease|inFlight|attempt/);
  });
});

describe('what is shown of an owner', () => {
  it('whose leave is held', async () => {
    const made = await world();
    await made.joins('hr:4');
    await made.issue('hr:4');
    await leaving(made);
    await made.fact('Left', 'hr:4');
    await made.work('hr:4');
    expect(ownerView(await made.owner('hr:1'))).toMatchObject({ status: 'left', offboarding: { cause: 'normal' } });
    expect(ownerView(await made.owner('hr:1')).offboarding).not.toHaveProperty('held');
    expect(ownerView(await made.owner('hr:4'))).toMatchObject({
      offboarding: { held: { batch: 1, since: iso(made.now()), escalated: false } },
    });
    const batches = await listBatches(made.ports)(as('hr:9', ['steward']), '');
    if (!batches.ok || !batches.held) throw new Error('nothing is held');
    expect(batchView(batches.held)).toMatchObject({
      ...{ owners: 1, credentials: 1, heldSince: iso(made.now()), escalatesAt: iso(made.now() + 1), overdue: false },
      members: [{ owner: 'hr:4', email: '4@example.com', cause: 'leave (normal)', credentials: [{ profile: 'p', act: 'transfer' }] }],
    });
  });
});

describe('a refusal', () => {
  const body = (why: Parameters<typeof refusal>[0], rule?: string) => JSON.parse(refusal(why, rule).body ?? '');

  it('by its state says which, and since when', async () => {
    const made = await world();
    const cannots: string[] = [];
    const refused = async (verb: Parameters<typeof cannot>[0]): Promise<void> => {
      const answer = await made.change(as('hr:1', ['operate']), made.id, verb);
      if (answer.ok || !('credential' in answer) || !answer.credential) throw new Error('not refused');
      cannots.push(cannot(verb, answer.credential));
    };
    const now = iso(made.now());
    await refused('resume');
    await made.change(as('hr:1'), made.id, 'replace');
    await refused('replace');
    await made.change(as('hr:1'), made.id, 'suspend');
    await refused('undo');
    await made.change(as('hr:1'), made.id, 'revoke');
    await refused('rotate');
    const receipt = {
      cause: 'requested',
      startedAtMs: made.now(),
      cutOffAtMs: made.now(),
      absentAtMs: made.now(),
      keyIds: [],
      mayOutlive: [],
    } as const;
    await made.append(made.id, [{ type: 'CredentialRevoked', fence: 1, receipt }]);
    await refused('rotate');
    expect(cannots).toEqual([
      `cannot resume: active since ${now}`,
      `cannot rotate now: active since ${now}, every key being replaced since ${now}`,
      `cannot undo: suspended since ${now} (requested)`,
      `cannot rotate: being revoked since ${now} (requested)`,
      `cannot rotate: revoked on ${now} (requested)`,
    ]);
  });

  it('names field and value, and what would be right', () => {
    expect(refusal({ why: 'right-missing', field: 'caller', value: 'arn', allowed: ['request'] }).statusCode).toBe(403);
    expect(body({ why: 'unknown-profile', field: 'profile', value: 'ci', allowed: ['a', 'b'] })).toMatchObject({
      status: 422,
      code: 'unknown-profile',
      errors: [{ field: 'profile', value: 'ci', rule: 'must be one of: a, b' }],
    });
    expect(body({ why: 'seal-changed', field: 'seal', value: 'x', allowed: ['y'] }).errors).toEqual([
      { field: 'seal', value: 'x', rule: 'must be y' },
    ]);
    expect(body({ why: 'already-ending', field: 'id', value: 'cred_1' }, 'cannot rotate: revoked').errors).toEqual([
      { field: 'id', value: 'cred_1', rule: 'cannot rotate: revoked' },
    ]);
  });

  it('of what is not there says no more than that', async () => {
    const made = await world();
    const found = await showCredential(made.ledger)(as('hr:2'), '', 'cred_0' as CredentialId);
    const foreign = await showCredential(made.ledger)(as('hr:2'), '', made.id);
    expect([found.ok, foreign.ok]).toEqual([false, false]);
    expect({ ...found, value: '' }).toEqual({ ...foreign, value: '' });
  });
});
