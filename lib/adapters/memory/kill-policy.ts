import type { DenyPolicy } from '../../application/work-deny-list.ts';
import type { ProviderWorld } from './provider-world.ts';

const MAX_VERSIONS = 5;

/** A managed policy as IAM's documentation has it: five versions at the most, the newest in force, that one never deleted. */
export const memoryKillPolicy = ({ killVersions }: ProviderWorld): DenyPolicy => ({
  render: async (keys) => {
    if (killVersions.length >= MAX_VERSIONS) killVersions.shift(); // what the adapter does about LimitExceeded
    killVersions.push([...keys]);
  },
  rendered: async () => killVersions.at(-1) ?? [],
  prune: async () => void killVersions.splice(0, killVersions.length - 1),
});
