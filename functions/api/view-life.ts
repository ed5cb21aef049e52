import type { Active, Credential } from '../../lib/domain/credential/state.ts';
import type { OwnerId } from '../../lib/domain/types.ts';

export type Names = ReadonlyMap<OwnerId, string>;

export const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

export const nameIn =
  (names: Names) =>
  (id: OwnerId): string =>
    names.get(id) ?? id;

/** Whose it is and was, what is under way, and what it waits for. Owners by what their source calls them, where that was looked up. */
export function lifeView(credential: Credential, names: Names = new Map()) {
  const { succession, holder } = credential;
  const nameOf = nameIn(names);
  return {
    ...(succession && {
      succession: {
        from: nameOf(succession.from.id),
        to: nameOf(holder.id),
        rung: succession.rung,
        cause: succession.cause,
        at: time(succession.atMs),
        acceptedAt: time(succession.acceptedAtMs) ?? null,
        ...(succession.acceptedAtMs === undefined && {
          ...(succession.escalatedAtMs === undefined
            ? { goesOnAt: time(succession.acceptByMs) }
            : { escalatedAt: time(succession.escalatedAtMs) }),
        }),
        refusedBy: succession.refused.map(nameOf),
      },
    }),
    ...(credential.expiry && { expiresAt: time(credential.expiry.atMs) }),
    ...(credential.status === 'suspended' && {
      suspension: {
        why: credential.why,
        since: time(credential.sinceMs),
        accessRemovedAt: time(credential.deniedAtMs),
        ...(credential.ends && { revokedOn: time(credential.ends.atMs) }),
        ...(credential.secretClosedAtMs !== undefined &&
          credential.deniedAtMs === undefined && { pending: 'the provider’s control plane; nobody reads the secret meanwhile' }),
        ...(credential.liftAtMs !== undefined && { resumesFrom: time(credential.liftAtMs) }),
      },
    }),
    ...(credential.status === 'active' && credential.replacement && { replacement: replacementView(credential.replacement, nameOf) }),
    ...((credential.status === 'active' || credential.status === 'suspended') && credential.approval
      ? { approval: approvalView(credential.approval, nameOf) }
      : {}),
  };
}

export type NameOf = (id: OwnerId) => string;

const replacementView = ({ sinceMs, deadlineMs, cutOffAtMs, heir }: NonNullable<Active['replacement']>, nameOf: NameOf) => ({
  since: time(sinceMs),
  accessRemovedAt: time(cutOffAtMs),
  deadline: time(deadlineMs),
  ...(heir && {
    ...{ to: heir.to ? nameOf(heir.to.id) : null, rung: heir.rung, cause: heir.cause },
    ...(heir.refused.length > 0 && { refusedBy: heir.refused.map(nameOf) }),
  }),
});

const approvalView = (approval: NonNullable<Active['approval']>, nameOf: NameOf) =>
  approval.kind === 'pending'
    ? { pendingSince: time(approval.sinceMs), revokedUnlessBy: time(approval.deadlineMs) }
    : { by: nameOf(approval.by), reason: approval.reason, until: time(approval.untilMs) };
