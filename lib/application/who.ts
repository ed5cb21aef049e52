import type { Caller } from '../domain/authorize.ts';
import type { OwnerId } from '../domain/types.ts';
import type { Ledger } from './ports.ts';
import { resolveOwner } from './request-credential.ts';

/** The owners a caller stands for: themselves, and whom they may act for. What one of them may not do, the caller may not do in their stead. */
export async function ownersBehind(ledger: Ledger, { ownerRef, for: others }: Caller): Promise<readonly OwnerId[]> {
  const ids = await Promise.all([ownerRef, ...others].map((ref) => resolveOwner(ledger, ref)));
  return ids.flatMap((id) => id ?? []);
}

/** The caller as an owner; `undefined`: no source has told of them, or they are not active, or killed. Whoever lets others do something must be. */
export async function activeOwner(ledger: Ledger, { ownerRef }: Caller): Promise<OwnerId | undefined> {
  const id = await resolveOwner(ledger, ownerRef);
  const owner = id && (await ledger.owner(id))?.state;
  return owner?.status === 'active' && !owner.killed ? owner.id : undefined;
}
