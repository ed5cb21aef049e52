import type { Release } from '../../lib/application/ports.ts';
import type { HeldBatch, ShownMember } from '../../lib/application/release-batch.ts';
import type { OwnerId } from '../../lib/domain/types.ts';

const time = (ms: number): string => new Date(ms).toISOString();

/** What is held, as whoever is to release it looks at it. */
export const batchView = ({ seal, sinceMs, escalatesAtMs, overdue, members }: HeldBatch) => ({
  seal,
  heldSince: time(sinceMs),
  escalatesAt: time(escalatesAtMs),
  overdue,
  owners: new Set(members.map(({ member }) => member.ownerId)).size,
  credentials: members.reduce((sum, { due }) => sum + due.length, 0),
  members: members.map(memberView),
});

/** `cause`: e.g. `leave (for-cause)`, `move (policy-changed)`. `act`: what follows for each credential, once released. */
const memberView = ({ member, owner, due }: ShownMember) => ({
  id: member.ownerId,
  owner: owner ? `${owner.source}:${owner.subject}` : member.ownerId,
  email: owner?.attributes.email ?? '',
  source: member.source,
  cause: `${member.of} (${member.cause})`,
  heldAt: time(member.heldAtMs),
  credentials: due.map(({ credential, act }) => ({ id: credential.id, profile: credential.grant.profile, act })),
});

export const releaseView = ({ batch, seal, by, reason, atMs }: Release, names: ReadonlyMap<OwnerId, string> = new Map()) => ({
  batch,
  seal,
  by: names.get(by) ?? by,
  reason,
  at: time(atMs),
});
