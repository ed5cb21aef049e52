import { describe, expect, it } from 'vitest';
import { leaveAct, moveAct } from '../../../lib/application/removal.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { Offboarding, Owner } from '../../../lib/domain/owner/state.ts';
import type { Policy, Profile } from '../../../lib/domain/policy.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { active, at, grant, holder } from '../domain/given.ts';

const owner = {
  id: holder.id,
  key: holder.key,
  source: 'hr',
  subject: '1',
  status: 'active',
  attributes: { email: '', roles: ['X'] },
} as unknown as Owner;
const base = { ...active().state, grant: { ...grant, profile: 'p', environment: 'e' } };
const having = (change: object): Credential => ({ ...base, ...change }) as Credential;
const policyOf = (profile: Partial<Profile>): Policy => givenPolicy({ profiles: { p: givenProfile(profile) } });
const stranger = { ...holder, id: 'own_2' };
const ends = { atMs: at(1), cause: 'owner-left' };

describe('what a leave wants of a credential', () => {
  const wants = (policy: Policy, change: object) => leaveAct(policy, owner, { epochBelow: 7 } as Offboarding, having(change));
  const revoke = policyOf({ onLeave: { action: 'revoke' } });
  const suspend = policyOf({ onLeave: { action: 'suspend', regretMs: 1 } });
  const transfer = policyOf({ onLeave: { action: 'transfer', overlapMs: 1, regretMs: 1 } });
  const heir = (change: object) => ({ replacement: { heir: { leave: 7, to: stranger, ...change } } });
  it.each<readonly [string, Policy, object, string | undefined]>([
    ['its end', revoke, {}, 'revoke'],
    ['its end, where no profile says otherwise', givenPolicy({ profiles: {} }), {}, 'revoke'],
    ['nothing of somebody else’s', revoke, { holder: stranger }, undefined],
    ['nothing of a later life', revoke, { holder: { ...holder, epoch: 7 } }, undefined],
    ['what an earlier life had', revoke, { holder: { ...holder, epoch: 6 } }, 'revoke'],
    ['nothing of what ends', revoke, { status: 'revoking' }, undefined],
    ['nothing of what ended', revoke, { status: 'revoked' }, undefined],
    ['the end of what is being made, whatever the profile says', transfer, { status: 'provisioning' }, 'revoke'],
    ['its suspension', suspend, {}, 'suspend'],
    ['nothing of what is suspended and ends', suspend, { status: 'suspended', ends }, undefined],
    ['an end for what is suspended without', suspend, { status: 'suspended' }, 'suspend'],
    ['its suspension again where it is being resumed', suspend, { status: 'suspended', ends, liftAtMs: at(1) }, 'suspend'],
    ['the end of what is suspended, where that is what the profile says', revoke, { status: 'suspended', ends }, 'revoke'],
    ['an heir', transfer, {}, 'transfer'],
    ['nothing more once it has one', transfer, heir({}), undefined],
    ['another, where that one is gone', transfer, heir({ to: undefined }), 'transfer'],
    ['another, where it was of an earlier leave', transfer, heir({ leave: 6 }), 'transfer'],
    ['its suspension, whoever was to have it', suspend, heir({}), 'suspend'],
  ])('%s', (_name, policy, change, expected) => expect(wants(policy, change)).toBe(expected));
});

describe('what a move wants of a credential that the new role does not entitle to', () => {
  const wants = (onMove: Profile['onMove'], change: object = {}, who = owner) =>
    moveAct(policyOf({ onMove }), who, having(change), at(100));
  it.each<readonly [string, Profile['onMove'], object, string | undefined]>([
    ['its end', 'revoke', {}, 'revoke'],
    ['nothing, where it is kept', 'keep', {}, undefined],
    ['nothing of somebody else’s', 'revoke', { holder: stranger }, undefined],
    ['nothing of what ended', 'revoke', { status: 'revoked' }, undefined],
    ['nothing more of what ends', 'revoke', { status: 'revoking' }, 'settled'],
    ['the end of what is being made', 'reapprove', { status: 'provisioning' }, 'revoke'],
    ['a look by somebody', 'reapprove', {}, 'reapprove'],
    ['nothing while somebody is asked', 'reapprove', { approval: { kind: 'pending' } }, undefined],
    ['nothing while it is allowed', 'reapprove', { approval: { kind: 'granted', untilMs: at(101) } }, undefined],
    ['another look when that has run out', 'reapprove', { approval: { kind: 'granted', untilMs: at(100) } }, 'reapprove'],
    ['an heir', 'transfer', {}, 'transfer'],
    ['nothing more once it has one', 'transfer', { replacement: { heir: {} } }, 'settled'],
    ['an heir, though its keys are being replaced', 'transfer', { replacement: {} }, 'transfer'],
    ['an end for what is suspended without', 'transfer', { status: 'suspended' }, 'suspend'],
    ['nothing of what is suspended and ends', 'transfer', { status: 'suspended', ends }, undefined],
    ['its suspension again where it is being resumed', 'reapprove', { status: 'suspended', ends, liftAtMs: at(1) }, 'suspend'],
    ['the end of what is suspended', 'revoke', { status: 'suspended', ends }, 'revoke'],
  ])('%s', (_name, onMove, change, expected) => expect(wants(onMove, change)).toBe(expected));

  it.each<readonly [string, Owner]>([
    ['the role entitles to it', { ...owner, attributes: { email: '', roles: ['R'] } }],
    ['they left: that is the leave’s', { ...owner, status: 'left' } as Owner],
  ])('nothing where %s', (_name, who) => expect(wants('revoke', {}, who)).toBeUndefined());
  it('nothing where the profile is gone: the sweep reports it', () => {
    expect(moveAct(givenPolicy({ profiles: {} }), owner, having({}), at(100))).toBeUndefined();
  });
});
