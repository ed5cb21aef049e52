import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  IAMClient,
  type IAMClientConfig,
  type PolicyVersion,
  paginateListPolicyVersions,
} from '@aws-sdk/client-iam';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { ONE_TRY, REPEATABLE } from '../../adapters/aws/request-limits.ts';
import type { DenyPolicy } from '../../application/work-deny-list.ts';
import { deniedBy, killDocument } from '../../contract/kill-policy.ts';
import { Fault } from '../../domain/faults.ts';

export interface KillPolicyConfig {
  readonly policyArn: string;
  /** Of the SDK's clients. @default what the environment says */
  readonly aws?: Pick<IAMClientConfig, 'endpoint' | 'region' | 'credentials'>;
}

/** The managed policy on every profile's group that denies by the owner tag: one call cuts an owner off, whatever they hold. */
export function killPolicy({ policyArn: PolicyArn, aws = {} }: KillPolicyConfig): DenyPolicy {
  const iam = new IAMClient({ ...aws, ...REPEATABLE });
  const once = new IAMClient({ ...aws, ...ONE_TRY });

  const versions = (): Promise<readonly PolicyVersion[]> =>
    ask('ListPolicyVersions', async () => {
      const found: PolicyVersion[] = [];
      for await (const { Versions = [] } of paginateListPolicyVersions({ client: iam }, { PolicyArn })) found.push(...Versions);
      return found.sort((a, b) => numberOf(a) - numberOf(b));
    });
  // The version in force is never deleted: IAM refuses that, whatever this says.
  const remove = (outdated: readonly PolicyVersion[]): Promise<unknown> =>
    Promise.all(
      outdated.map(({ VersionId }) =>
        ask('DeletePolicyVersion', () => iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId })), {
          NoSuchEntity: () => undefined,
          DeleteConflict: () => undefined,
        }),
      ),
    );
  const outdated = async (): Promise<readonly PolicyVersion[]> => (await versions()).filter(({ IsDefaultVersion }) => !IsDefaultVersion);

  return {
    render: async (keys, isHeld) => {
      const create = (): Promise<unknown> =>
        once.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: JSON.stringify(killDocument(keys)), SetAsDefault: true }));
      // Five versions at the most. Only where older ones were left behind is there anything to remove first.
      await ask('CreatePolicyVersion', create, {
        LimitExceeded: async (full) => {
          await remove((await outdated()).slice(0, 1));
          if (!isHeld()) throw new Fault('provider-throttled', true, full.message);
          await ask('CreatePolicyVersion', create);
        },
      });
    },
    rendered: async () => {
      const inForce = (await versions()).find(({ IsDefaultVersion }) => IsDefaultVersion);
      const answer = await ask('GetPolicyVersion', () =>
        iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: inForce?.VersionId })),
      );
      // Somebody else's form denies nobody that we know of, and is rendered over.
      return deniedBy(decodeURIComponent(answer.PolicyVersion?.Document ?? '')) ?? ['(not ours)'];
    },
    prune: async () => {
      await remove(await outdated());
    },
  };
}

const numberOf = ({ VersionId = 'v0' }: PolicyVersion): number => Number(VersionId.slice(1));
