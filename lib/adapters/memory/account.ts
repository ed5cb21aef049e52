import type { Clock } from '../../application/ports.ts';
import type { AccountPort } from '../../application/sweep-account.ts';
import type { LiveUser } from '../../domain/orphans.ts';
import { listedKeys, removeUser } from './iam-removal.ts';
import type { ProviderWorld, Send } from './provider-world.ts';

const PAGE = 2;

/** The whole account of the in-memory IAM: users page by page. */
export function memoryAccount(world: ProviderWorld, clock: Clock, path: string, send: Send): AccountPort {
  const isOurs = (name: string) => send('GetUser', true, () => world.users.get(name)?.path === path);
  const deny = (name: string) =>
    send('PutUserPolicy', true, () => {
      const user = world.users.get(name);
      if (user) user.denied = true;
    });
  return {
    list: async () => {
      const { keys, keysAtMs } = await send('GetCredentialReport', true, () => ({
        keys: new Map([...world.users].map(([name, user]) => [name, user.keys.size])),
        keysAtMs: clock.now(),
      }));
      const listedAtMs = clock.now();
      const users: LiveUser[] = [];
      for (let from = 0, more = true; more; from += PAGE) {
        const page = await send('GetAccountAuthorizationDetails', true, () => [...world.users].slice(from, from + PAGE));
        users.push(...page.map(([name, user]): LiveUser => ({ name, path: user.path, keys: keys.get(name) })));
        more = page.length === PAGE;
      }
      return { users, listedAtMs, keysAtMs };
    },
    quarantine: async (name) => {
      if (!(await isOurs(name))) return false;
      await deny(name);
      for (const keyId of await send('ListAccessKeys', true, () => listedKeys(world, world.users.get(name), clock.now())))
        await send('UpdateAccessKey Inactive', true, () => {
          const key = world.users.get(name)?.keys.get(keyId);
          if (key) key.active = false;
        });
      return true;
    },
    remove: async (name) => {
      if (!(await isOurs(name))) return false;
      await deny(name);
      return removeUser(world, clock, name, send);
    },
  };
}
