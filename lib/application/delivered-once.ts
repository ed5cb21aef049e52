import { isDeliveredOnce } from '../domain/credential/capabilities.ts';
import type { Credential } from '../domain/credential/state.ts';
import { Fault, type Secret } from '../domain/faults.ts';
import type { AttemptId } from '../domain/types.ts';
import type { SecretStore } from './ports.ts';

/**
 * `store`, but for what is delivered once: that is kept in this process alone. To every other process such a value was never stored, so
 * what it belongs to is deleted.
 */
export function deliveringOnce(store: SecretStore = NO_STORE): {
  readonly secrets: SecretStore;
  made(attempt: AttemptId): Secret | undefined;
} {
  const values = new Map<AttemptId, Secret>();
  const once = ({ grant }: Credential): boolean => isDeliveredOnce(grant);
  const unlessOnce =
    <Rest extends readonly unknown[]>(act: (credential: Credential, ...rest: Rest) => Promise<void>) =>
    async (credential: Credential, ...rest: Rest): Promise<void> => {
      if (!once(credential)) await act(credential, ...rest);
    };
  return {
    made: (attempt) => values.get(attempt),
    secrets: {
      ensure: unlessOnce(store.ensure),
      put: async (credential, attempt, body) => {
        if (once(credential)) values.set(attempt, body);
        else await store.put(credential, attempt, body);
      },
      read: async (credential, attempt) => (once(credential) ? values.get(attempt) : store.read(credential, attempt)),
      promote: unlessOnce(store.promote),
      unstage: unlessOnce(store.unstage),
      tagOwner: unlessOnce(store.tagOwner),
      share: unlessOnce(store.share),
      close: unlessOnce(store.close),
      withdraw: unlessOnce(store.withdraw),
      readable: async (credential) => !once(credential) && store.readable(credential),
    },
  };
}

const none = async (): Promise<never> => {
  throw new Fault('misconfigured', false, 'this function has no secrets');
};
const NO_STORE: SecretStore = {
  ...{
    ensure: none,
    put: none,
    read: none,
    promote: none,
    unstage: none,
    tagOwner: none,
    share: none,
    close: none,
    withdraw: none,
    readable: none,
  },
};
