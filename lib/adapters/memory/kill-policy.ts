import type { DenyPolicy } from '../../application/work-deny-list.ts';
import { Fault } from '../../domain/faults.ts';
import { type ProviderWorld, plainSend, type Send } from './provider-world.ts';

const MAX_VERSIONS = 5;

/**
 * A managed policy as IAM's documentation has it: five versions at the most, the newest in force, that one never deleted. Each request goes
 * through `send`, in the order of the real policy.
 */
export const memoryKillPolicy = ({ killVersions }: ProviderWorld, send: Send = plainSend): DenyPolicy => {
  const listed = () => send('ListPolicyVersions', true, () => killVersions.slice(0, -1));
  const remove = (version: readonly string[]) =>
    send('DeletePolicyVersion', true, () => {
      const at = killVersions.indexOf(version);
      if (at >= 0 && at < killVersions.length - 1) killVersions.splice(at, 1);
    });
  const create = (keys: readonly string[]): Promise<boolean> =>
    send('CreatePolicyVersion', false, () => killVersions.length < MAX_VERSIONS && killVersions.push([...keys]) > 0);
  return {
    render: async (keys, isHeld) => {
      if (await create(keys)) return;
      for (const oldest of (await listed()).slice(0, 1)) await remove(oldest);
      if (!isHeld()) throw new Fault('provider-throttled', true, 'CreatePolicyVersion: LimitExceeded');
      if (!(await create(keys))) throw new Fault('provider-refused', false, 'CreatePolicyVersion: LimitExceeded');
    },
    rendered: () => send('GetPolicyVersion', true, () => killVersions.at(-1) ?? []),
    prune: async () => {
      for (const outdated of await listed()) await remove(outdated);
    },
  };
};
