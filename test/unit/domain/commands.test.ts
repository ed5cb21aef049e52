import { describe, expect, it } from 'vitest';
import { type Command, decide } from '../../../lib/domain/credential/decide.ts';
import { nextStep } from '../../../lib/domain/credential/next-step.ts';
import type { Credential, Version } from '../../../lib/domain/credential/state.ts';
import type { CredentialId, OwnerId } from '../../../lib/domain/types.ts';
import {
  active,
  at,
  attempt,
  command,
  done,
  gone,
  grant,
  handOver,
  heir,
  holder,
  key,
  later,
  promoted,
  requested,
  retired,
  revoking,
  rotated,
  rotation,
  type Story,
  start,
  suspended,
  timing,
  wants,
  withSecret,
} from './given.ts';

/** What becomes of a command: the events it makes, or why it is refused. */
const becomes = ({ state, nowMs }: Story, wanted: Command): string => {
  const decision = decide(state, wanted, nowMs, timing);
  return decision.ok ? decision.events.map(({ type }) => type).join(' ') || '(nothing)' : decision.why;
};

const suspend: Command = { type: 'suspend', why: 'requested' };
const resume: Command = { type: 'resume', holder };
const approve: Command = { type: 'approve', by: heir.id, reason: 'still needed', forMs: 1_000 };
const requireApproval: Command = { type: 'require-approval', withinMs: 1_000, ifHeldBy: { ownerId: holder.id, epochBelow: 1 } };
const states = {
  provisioning: requested(),
  active: active(),
  suspended: suspended(),
  revoking: revoking(active()),
  revoked: gone(revoking(active())),
};

describe('a command, by the status of the credential', () => {
  it.each<[string, Command, Readonly<Record<keyof typeof states, string>>]>([
    [
      'request',
      { type: 'request', id: 'cred_1' as CredentialId, holder, grant, rotation },
      {
        ...{ provisioning: 'already-requested', active: 'already-requested', suspended: 'already-requested' },
        ...{ revoking: 'already-requested', revoked: 'already-requested' },
      },
    ],
    [
      'revoke',
      { type: 'revoke', cause: 'requested' },
      {
        ...{ provisioning: 'RevocationStarted', active: 'RevocationStarted', suspended: 'RevocationStarted' },
        ...{ revoking: 'already-ending', revoked: 'already-ending' },
      },
    ],
    ['suspend', suspend, row('not-active', 'SuspensionStarted', 'already-suspended')],
    ['resume', resume, row('not-suspended', 'not-suspended', 'ResumptionStarted')],
    ['rotate', { type: 'rotate' }, row('not-active', 'RotationRequested', 'not-active')],
    ['replace', { type: 'replace' }, row('not-active', 'ReplacementStarted', 'not-active')],
    ['undo', { type: 'undo' }, row('not-active', 'nothing-to-undo', 'not-active')],
    ['hand-over', handOver(), row('not-active', 'ReplacementStarted', 'not-active')],
    ['heir-lost', { type: 'heir-lost' }, row('not-active', 'not-the-next-step', 'not-active')],
    ['pass-on', { type: 'pass-on', acceptWithinMs: 1_000 }, row('not-active', 'not-the-next-step', 'not-active')],
    ['escalate', { type: 'escalate' }, row('not-active', 'not-the-next-step', 'not-active')],
    ['accept', { type: 'accept', by: holder.id }, row('nothing-to-accept', 'nothing-to-accept', 'nothing-to-accept')],
    ['require-approval', requireApproval, row('not-active', 'ApprovalRequired', 'not-active')],
    ['approve', approve, row('not-active', 'nothing-to-approve', 'not-active')],
    ['look', { type: 'look' }, row('not-active', 'LookRequested', 'not-active')],
    ['renew', { type: 'renew', ttlMs: 1 }, row('not-active', 'nothing-to-renew', 'not-active')],
    ['warn', { type: 'warn' }, row('not-active', 'not-the-next-step', 'not-active')],
  ])('%s', (_name, wanted, expected) => {
    const found = Object.fromEntries(Object.entries(states).map(([status, story]) => [status, becomes(story, wanted)]));
    expect(found).toEqual(expected);
  });

  it('of a credential that nobody requested is refused, whatever it is', () => {
    expect(decide(undefined, suspend, at(1), timing)).toEqual({ ok: false, why: 'no-such-credential' });
  });
});

/** Of what ends no command but `request` and the like says anything else. */
function row(provisioning: string, active: string, suspended: string) {
  return { provisioning, active, suspended, revoking: 'already-ending', revoked: 'already-ending' };
}

describe('a command for an owner', () => {
  const leaver = { ownerId: holder.id, epochBelow: 1 };
  it.each([
    ['their credential', leaver, 'SuspensionStarted'],
    ['another’s', { ...leaver, ownerId: heir.id }, 'held-by-another'],
    ['one of a later life', { ...leaver, epochBelow: 0 }, 'held-by-another'],
  ])('touches %s accordingly', (_what, ifHeldBy, expected) => expect(becomes(active(), { ...suspend, ifHeldBy })).toBe(expected));

  it.each([
    ['the holder', holder, 'ResumptionStarted'],
    ['the holder in a later life', { ...holder, epoch: 9 }, 'ResumptionStarted'],
    ['somebody else', heir, 'held-by-another'],
  ])('resumes for %s accordingly', (_who, by, expected) => expect(becomes(suspended(), { type: 'resume', holder: by })).toBe(expected));

  it('does not resume for an earlier life than it is held in', () => {
    const later_ = command(suspended(), { type: 'resume', holder: { ...holder, epoch: 9 } });
    expect(becomes(command(later_, suspend), resume)).toBe('held-by-another');
  });
});

describe('a suspension', () => {
  const ending = (atMs: number): Command => ({ ...suspend, ends: { atMs: at(atMs), cause: 'owner-left' } });
  it.each<[string, Story, Command, string]>([
    ['that has no end gets one', suspended(), ending(5_000), 'SuspensionStarted'],
    ['that ends later ends sooner', command(suspended(), ending(5_000)), ending(4_999), 'SuspensionStarted'],
    ['that ends then stays', command(suspended(), ending(5_000)), ending(5_000), 'already-suspended'],
    ['that ends sooner stays', command(suspended(), ending(5_000)), ending(5_001), 'already-suspended'],
    ['that has an end keeps it', command(suspended(), ending(5_000)), suspend, 'already-suspended'],
    ['that is being lifted begins anew', command(suspended(), resume), suspend, 'SuspensionStarted'],
  ])('%s', (_what, story, wanted, expected) => expect(becomes(story, wanted)).toBe(expected));

  it('is lifted once', () => expect(becomes(command(suspended(), resume), resume)).toBe('(nothing)'));
});

describe('a rotation', () => {
  it('asked for when it is due is the one that is due', () => {
    expect(becomes(later(active(), rotation.everyMs), { type: 'rotate' })).toBe('(nothing)');
    expect(becomes(later(active(), rotation.everyMs - 1), { type: 'rotate' })).toBe('RotationRequested');
  });
  it.each(['rotate', 'replace'] as const)('is not begun by %s while all keys are being replaced', (type) =>
    expect(becomes(command(active(), { type: 'replace' }), { type })).toBe('already-rotating'),
  );
  it('may be overtaken by a replacement', () => expect(becomes(rotated(active()), { type: 'replace' })).toBe('ReplacementStarted'));
});

describe('undo', () => {
  const regretting = retired(rotated(active()));
  it('wants back the key that was disabled', () => expect(becomes(regretting, { type: 'undo' })).toBe('UndoRequested'));
  it('may come until the key is to be deleted', () => {
    expect(becomes(later(regretting, rotation.regretMs - 1), { type: 'undo' })).toBe('UndoRequested');
    expect(becomes(later(regretting, rotation.regretMs), { type: 'undo' })).toBe('nothing-to-undo');
  });
  it('wants nothing back that somebody knows who may no longer, though it is still there', () => {
    const replacing = command(regretting, { type: 'replace' });
    const [known, ...rest] = replacing.state.versions;
    const regretted = { ...replacing.state, versions: [{ ...known, deleteAtMs: at(replacing.nowMs + 1) }, ...rest] } as Credential;
    expect(becomes(replacing, { type: 'undo' })).toBe('nothing-to-undo');
    expect(becomes({ ...replacing, state: regretted }, { type: 'undo' })).toBe('nothing-to-undo');
  });
  it('wants nothing back that still works', () => expect(becomes(rotated(active()), { type: 'undo' })).toBe('nothing-to-undo'));
});

describe('a handover', () => {
  const third = { ...heir, id: 'own_3' as OwnerId };
  const ofLeave = command(active(), handOver());
  const asked = command(active(), handOver({ leave: undefined, cause: 'requested' }));
  it.each<[string, Story, Command, string]>([
    ['to the holder is none', active(), handOver({ to: holder }), 'already-handed-over'],
    ['to the holder in a later life is one', active(), handOver({ to: { ...holder, epoch: 9 } }), 'ReplacementStarted'],
    ['of the same leave goes on', ofLeave, handOver(), '(nothing)'],
    ['of the same leave goes on, though another would be heir by now', ofLeave, handOver({ to: third }), '(nothing)'],
    [
      'of the same leave gets another heir where the one it had is gone',
      command(ofLeave, { type: 'heir-lost' }),
      handOver({ to: third }),
      'HeirChosen',
    ],
    ['of a later leave begins anew', ofLeave, handOver({ leave: 6 }), 'ReplacementStarted'],
    ['of a leave to whom somebody chooses goes on with that heir', ofLeave, handOver({ leave: undefined, to: third }), 'HeirChosen'],
    ['of a leave to the heir it has is nothing new', ofLeave, handOver({ leave: undefined }), 'already-handed-over'],
    ['of a leave to a later life of the heir is', ofLeave, handOver({ leave: undefined, to: { ...heir, epoch: 3 } }), 'HeirChosen'],
    ['that was asked for is done first', asked, handOver({ leave: undefined, to: third }), 'already-handed-over'],
    ['that was asked for is overtaken by a leave', asked, handOver(), 'ReplacementStarted'],
  ])('%s', (_what, story, wanted, expected) => expect(becomes(story, wanted)).toBe(expected));

  it.each<[string, Story, string]>([
    ['of a leave waits for the next pass', ofLeave, 'HeirLost'],
    ['that was asked for stays with the holder', asked, 'HeirChosen'],
    ['that has lost it already', command(ofLeave, { type: 'heir-lost' }), 'not-the-next-step'],
    ['that there is none of', command(active(), { type: 'replace' }), 'not-the-next-step'],
    ['and who was the holder, waits too', command(active(), handOver({ leave: undefined, to: { ...holder, epoch: 9 } })), 'HeirLost'],
  ])('whose heir is gone, %s', (_what, story, expected) => expect(becomes(story, { type: 'heir-lost' })).toBe(expected));

  it('has the time of a revocation, and its overlap besides', () => {
    const deadlineMs = 5_000 + timing.revokeWithinMs + 60_000;
    expect(ofLeave.state).toMatchObject({ replacement: { deadlineMs, overlapMs: 60_000, regretMs: 3_600_000, sinceMs: 5_000 } });
  });

  const passed = command(done(cutOff(handOver()), 'retag', { of: 'retag', ownerId: heir.id }), { type: 'pass-on', acceptWithinMs: 1_000 });
  it.each<[string, Story, OwnerId, string]>([
    ['the heir', passed, heir.id, 'SuccessionAccepted'],
    ['the heir, while it is suspended', command(passed, suspend), heir.id, 'SuccessionAccepted'],
    ['the heir a second time', command(passed, { type: 'accept', by: heir.id }), heir.id, 'nothing-to-accept'],
    ['the heir, when it ends', command(passed, { type: 'revoke', cause: 'requested' }), heir.id, 'already-ending'],
    ['the one it was taken from', passed, holder.id, 'held-by-another'],
  ])('is accepted by %s accordingly', (_who, story, by, expected) => expect(becomes(story, { type: 'accept', by })).toBe(expected));
});

describe('a revocation', () => {
  it.each<[string, Story, number | undefined]>([
    ['what is made right now', requested(), 1_000 + timing.settleMs],
    ['what was just made', later(active(), timing.settleMs - 1), 5_000 + 2 * timing.settleMs - 1],
    ['what is there for long', later(active(), timing.settleMs), undefined],
  ])('of %s believes no absence before it would be seen', (_what, story, settledAtMs) =>
    expect(decide(story.state, { type: 'revoke', cause: 'requested' }, story.nowMs, timing)).toEqual({
      ok: true,
      events: [
        {
          ...{ type: 'RevocationStarted', cause: 'requested', atMs: story.nowMs, deadlineMs: story.nowMs + timing.revokeWithinMs },
          ...(settledAtMs && { settledAtMs }),
        },
      ],
    }),
  );
});

describe('a token that is shown once', () => {
  const terms = { scopes: [], outlivesLeave: false, delivery: 'once' } as const;
  const holding = (...phases: readonly Version['phase'][]): Story => {
    const versions = phases.map((phase, n) => ({ phase, attempt: attempt(n), keyId: key(n) }));
    return { ...active(), state: { ...active().state, grant: { ...grant, connector: 'api-token', token: terms }, versions } as Credential };
  };
  it.each<[string, readonly Version['phase'][], string]>([
    ['none is left', [], 'RotationRequested'],
    ['one works', ['current'], 'RotationRequested'],
    ['one works on', ['retiring'], 'RotationRequested'],
    ['one waits out its regret', ['disabled'], 'RotationRequested'],
    ['every slot is taken', ['disabled', 'current'], 'already-rotating'],
    ['one is on its way', ['attempted'], 'already-rotating'],
    ['one is about to go', ['doomed'], 'already-rotating'],
  ])('is made on demand: %s', (_what, phases, expected) => expect(becomes(holding(...phases), { type: 'rotate' })).toBe(expected));
});

describe('an approval', () => {
  const pending = command(active(), requireApproval);
  it.each<[string, Story, Command, string]>([
    ['is asked for once', pending, requireApproval, '(nothing)'],
    ['is not given by the holder', pending, { ...approve, by: holder.id }, 'own-request'],
    ['is given by another', pending, approve, 'ApprovalGranted'],
    ['is given once', command(pending, approve), approve, 'nothing-to-approve'],
    ['holds', later(command(pending, approve), 999), requireApproval, '(nothing)'],
    ['expires', later(command(pending, approve), 1_000), requireApproval, 'ApprovalRequired'],
  ])('%s', (_what, story, wanted, expected) => expect(becomes(story, wanted)).toBe(expected));

  it('that nobody gives in time ends the credential', () => {
    expect(nextStep(pending.state, pending.nowMs)).toEqual({ do: 'wait', untilMs: pending.nowMs + 1_000 });
    expect(nextStep(pending.state, at(pending.nowMs + 1_000))).toEqual({ do: 'give-up', cause: 'owner-moved' });
    expect(wants(later(command(pending, approve), 1_000))).toBe('wait');
  });
});

describe('a lease', () => {
  it('is taken for the step the record wants, and no other', () => {
    expect(becomes(requested(), { type: 'start', step: 'ensure-secret', attempt: attempt(1) })).toBe('not-the-next-step');
    expect(becomes(requested(), { type: 'start', step: 'ensure-account', attempt: attempt(1) })).toBe('StepStarted');
    expect(becomes(start(requested(), 'ensure-account'), { type: 'start', step: 'ensure-account', attempt: attempt(1) })).toBe(
      'not-the-next-step',
    );
  });

  const due = later(rotated(active()), rotation.overlapMs);
  it.each<[string, Story, 'ensure-account' | 'ensure-secret' | 'create-version' | 'check-use' | 'verify', boolean, boolean]>([
    ['the account', requested(), 'ensure-account', true, false],
    ['the key', withSecret(requested()), 'create-version', true, true],
    ['a look at its use', due, 'check-use', false, false],
  ])('for %s says until when its call may land: %s', (_what, story, step, doubtful, makes) => {
    const decision = decide(story.state, { type: 'start', step, attempt: attempt(7) }, story.nowMs, timing);
    const untilMs = story.nowMs + timing.leaseMs;
    expect(decision).toEqual({
      ok: true,
      events: [
        {
          ...{ type: 'StepStarted', fence: story.state.fence + 1, step, untilMs },
          ...(doubtful && { settledAtMs: untilMs + timing.settleMs }),
          ...(makes && { attempt: attempt(7) }),
        },
      ],
    });
  });

  it.each<[string, Story]>([
    ['disable-version', promoted(command(active(), { type: 'replace' }))],
    ['enable-version', command(retired(rotated(active())), { type: 'undo' })],
    ['lift', later(command(suspended(), resume), timing.leaseMs + timing.settleMs)],
    ['retag', cutOff(handOver())],
  ])('for %s says so too, since one that lands late undoes what came after', (step, story) => {
    expect(wants(story)).toBe(step);
    expect(start(story, step as 'lift').state.inFlight?.settledAtMs).toBe(story.nowMs + timing.leaseMs + timing.settleMs);
  });
});

/** Every key that was known is replaced and disabled. */
function cutOff(wanted: Command): Story {
  const replaced = later(promoted(command(active(), wanted)), 60_000);
  return done(replaced, 'disable-version', { of: 'disable-version', keyId: key(1) });
}
