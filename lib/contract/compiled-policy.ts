import type { Policy } from '../domain/policy.ts';

/** The policy as it lies beside each function's code: checked and with its defaults at synth, in ms, so that no function parses YAML. */
export interface CompiledPolicy {
  readonly policy: Policy;
  /** SHA-256, in hex, over the RFC 8785 form of policy and grants; stands in every event that was decided by it. */
  readonly digest: string;
}

/** Throws when the asset is none that this code's synth wrote. */
export function parseCompiledPolicy(text: string): CompiledPolicy {
  const { policy, digest } = JSON.parse(text) as Partial<CompiledPolicy>;
  if (policy?.version !== 1 || !digest) throw new Error('the policy beside the code is not of version 1');
  return { policy, digest };
}
