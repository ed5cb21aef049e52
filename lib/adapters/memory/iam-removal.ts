import type { Clock } from '../../application/ports.ts';
import { Fault } from '../../domain/faults.ts';
import type { EpochMs, KeyId } from '../../domain/types.ts';
import type { IamUser, ProviderWorld, Send } from './provider-world.ts';

/** What a listing of keys shows: not yet what is new, and still what is just gone. */
export const listedKeys = ({ propagationMs, readLagMs }: ProviderWorld, user: IamUser | undefined, nowMs: EpochMs): readonly KeyId[] => [
  ...[...(user?.keys ?? [])].flatMap(([keyId, { createdAtMs }]) => (nowMs - createdAtMs >= propagationMs ? [keyId] : [])),
  ...[...(user?.goneKeys ?? [])].flatMap(([keyId, atMs]) => (nowMs - atMs < readLagMs ? [keyId] : [])),
];

export function deleteKey(user: IamUser | undefined, keyId: KeyId, nowMs: EpochMs): void {
  if (user?.keys.delete(keyId)) user.goneKeys.set(keyId, nowMs);
}

/**
 * Takes away what hangs on a denied user, the deny last, and deletes it, in the order of the real connector.
 * `false`: something came in between, and the deny is back.
 */
export async function removeUser(world: ProviderWorld, clock: Clock, name: string, send: Send, from = 0): Promise<boolean> {
  const user = () => world.users.get(name);
  const deny = () =>
    send('PutUserPolicy', true, () => {
      const found = user();
      if (found) found.denied = true;
    });
  const kinds = [
    async () => {
      const keyIds = await send('ListAccessKeys', true, () => listedKeys(world, user(), clock.now()));
      for (const keyId of keyIds) await send('DeleteAccessKey', true, () => deleteKey(user(), keyId, clock.now()));
    },
    async () => {
      const attached = await send('ListUserPolicies', true, () => [...(user()?.attached ?? [])]);
      for (const one of attached) await send('DetachUserPolicy', true, () => void user()?.attached.delete(one));
    },
    () =>
      send('RemoveUserFromGroup', true, () => {
        const found = user();
        if (found) found.inGroup = false;
      }),
  ];
  for (const [at, takeAway] of kinds.entries())
    if (at === 0 || at >= from)
      await takeAway().catch((error: unknown) => {
        throw error instanceof Fault ? error.after(Math.max(at, from)) : error;
      });
  try {
    await send('DeleteUserPolicy', false, () => {
      const found = user();
      if (found) found.denied = false;
    });
    const conflict = await send('DeleteUser', false, () => {
      const found = user();
      if (!found) return false;
      if (found.keys.size > 0 || found.attached.size > 0 || found.inGroup || found.denied) return true;
      world.users.delete(name);
      world.deletedUsers.set(name, clock.now());
      return false;
    });
    if (!conflict) return true;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    await deny().catch(() => undefined); // the fault that came first says more, and the step is repeated
    throw fault.after(kinds.length);
  }
  await deny();
  return false;
}
