import type { Credential } from '../domain/credential/state.ts';
import { Fault } from '../domain/faults.ts';
import type { Policy } from '../domain/policy.ts';
import type { Context } from './envelope.ts';
import { onward } from './pass-along.ts';
import type { Loaded } from './ports.ts';
import { CREDENTIAL_RULES } from './protocol.ts';
import { appendCredential, type RecordPorts } from './record.ts';

/**
 * A handover that nobody has accepted in time goes to the next, as if it had been refused. Where there is none it stays with whoever has
 * it, since a service would stop for want of a click, and is escalated. `undefined`: the next was gone by then, and another is looked for.
 */
export async function followUp(
  ports: RecordPorts & { readonly policy: Policy },
  before: Loaded<Credential>,
  contextFor: (cause: string) => Context,
): Promise<Loaded<Credential> | undefined> {
  const { decide } = ports.protocol ?? CREDENTIAL_RULES;
  const { next, note } = await onward(ports, before.state, 'not-accepted');
  const decision = decide(before.state, next?.wish ?? { type: 'escalate' }, ports.clock.now(), ports.timing);
  if (!decision.ok) return undefined;
  const context = contextFor(['not accepted in time', ...note, ...(next ? [] : ['nobody else can take it over'])].join('; '));
  try {
    return await appendCredential(ports, before, decision.events, context, next ? { requires: next.requires } : {});
  } catch (error) {
    if (error instanceof Fault && error.code === 'owner-not-active') return undefined;
    throw error;
  }
}
