import { type Credential, keyIdsOf } from '../../lib/domain/credential/state.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { FAULT_KINDS, type FaultKind, LANDS_WITHIN_MS } from './faults.ts';
import { checkEnd, checkStep, Violation } from './invariants.ts';
import { isCalm, serve, settle } from './run.ts';
import { type Planted, type World, world } from './world.ts';

/** A fault at one call of the story, counted from its first. */
export interface Planned {
  readonly at: number;
  readonly kind: FaultKind;
}

export interface Told {
  readonly violation: string | undefined;
  /** Calls the story took, faults and recovery included. */
  readonly calls: number;
  readonly reached: ReadonlyMap<string, number>;
}

/** When the owner leaves: once the credential is active, once it has been rotated, or while a call is out that got no answer. */
export type Leave = 'when-active' | 'when-rotated' | 'at-once';

/** Minutes a provisioning may take with two faults in it: a lease, the settle time, two looks, twice. */
const PATIENCE = 30;
/** Overlap, evidence, regret, and what two faults may add. */
const ROTATION_MINUTES = 240;

/** One owner joins, gets a credential, leaves; `faults` go wrong on the way. In the end all rules hold and nothing is left. */
export async function tell(faults: readonly Planned[], leave: Leave, planted: Planted = {}): Promise<Told> {
  const plan = (n: number): FaultKind | undefined => faults.find(({ at }) => at === n)?.kind;
  const here = world(plan, () => LANDS_WITHIN_MS - 1, planted);
  const seen = new Map<CredentialId, Credential['status']>();
  try {
    await here.fact('Joined', '1', 1);
    for (let minute = 0; minute < PATIENCE && !here.ledger.owners.size; minute += 1) {
      await turn(here, seen);
      await here.fact('Joined', '1', 1); // the queue brings it again
    }
    await here.request('1', 'k');
    const first = Math.min(...faults.map(({ at }) => at));
    for (let minute = 0; minute < PATIENCE && !isActive(here) && !(leave === 'at-once' && here.faults.calls() > first); minute += 1) {
      await turn(here, seen);
      await here.request('1', 'k'); // whoever asked asks again with the same key
    }
    if (leave !== 'at-once' && !isActive(here)) throw new Violation('nothing gets stuck: not active');
    if (leave === 'when-rotated') await rotated(here, seen);
    await left(here);
    await settle(here, seen, []);
    checkEnd(here);
    const kept = [...here.ledger.credentials.values()].filter(({ state }) => state.status !== 'revoked');
    if (kept.length > 0 || here.provider.users.size > 0) throw new Violation('7, 8 nothing lives for who is not there: something is left');
    return { violation: undefined, calls: here.faults.calls(), reached: here.faults.reached };
  } catch (error) {
    const violation = error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error);
    return { violation, calls: here.faults.calls(), reached: here.faults.reached };
  }
}

/** The leave and the passes over what the owner holds, before anything that is still out can land. */
async function left(here: World): Promise<void> {
  for (let tries = 0; tries < 5 && here.ledger.owners.values().next().value?.state.status !== 'left'; tries += 1)
    await here.fact('Left', '1', 2);
  for (const message of here.messages.splice(0)) await here.deliver(message);
}

/** One rotation, from the command to the deletion of the old key, with a consumer that reads AWSCURRENT all the while. */
async function rotated(here: World, seen: Map<CredentialId, Credential['status']>): Promise<void> {
  const [first] = [...here.ledger.credentials.values()].map(({ state }) => keyIdsOf(state.versions)[0]);
  const ids = [...here.ledger.credentials.keys()];
  const gone = (): boolean =>
    [...here.ledger.credentials.values()].every(
      ({ state }) =>
        state.status === 'active' && !keyIdsOf(state.versions).some((keyId) => keyId === first) && isCalm(state, here.clock.now()),
    );
  for (const id of ids) await here.rotate(id);
  for (let minute = 0; minute < ROTATION_MINUTES && !gone(); minute += 1) {
    if (minute < 10) for (const id of ids) await here.rotate(id); // whoever asked asks again; a rotation under way is not begun twice
    await turn(here, seen, minute < 10 ? 5_000 : 60_000);
    serve(here);
  }
  if (!gone()) throw new Violation('nothing gets stuck: not rotated');
}

async function turn(here: World, seen: Map<CredentialId, Credential['status']>, stepMs = 5_000): Promise<void> {
  for (let passedMs = 0; passedMs < 60_000; passedMs += stepMs) {
    const now = here.clock.now();
    const visible = here.messages.filter(({ visibleAtMs }) => visibleAtMs <= now);
    for (const message of visible) {
      here.messages.splice(here.messages.indexOf(message), 1);
      await here.deliver(message);
      checkStep(here, seen);
    }
    await here.pass(stepMs);
    checkStep(here, seen);
  }
  await here.sweep();
}

const isActive = ({ ledger }: World): boolean => [...ledger.credentials.values()].some(({ state }) => state.status === 'active');

/** The story with every fault at every call. */
export async function* everyFault(leave: Leave, planted?: Planted): AsyncGenerator<Told & { readonly faults: readonly Planned[] }> {
  const { calls } = await tell([], leave, planted);
  for (let at = 0; at < calls; at += 1)
    for (const kind of FAULT_KINDS) {
      const faults = [{ at, kind }];
      yield { faults, ...(await tell(faults, leave, planted)) };
    }
}

/** What is worth a second fault: an effect that nobody knows of, and a worker that comes back late. */
const SECOND: readonly FaultKind[] = ['after', 'kill-after', 'slow'];

/** A second fault at each of the `reach` calls after the first. */
export async function* everyPair(leave: Leave, reach: number): AsyncGenerator<Told & { readonly faults: readonly Planned[] }> {
  const { calls } = await tell([], leave);
  for (let at = 0; at < calls; at += 1)
    for (const kind of FAULT_KINDS)
      for (let later = 1; later <= reach; later += 1)
        for (const second of SECOND) {
          const faults = [
            { at, kind },
            { at: at + later, kind: second },
          ];
          yield { faults, ...(await tell(faults, leave)) };
        }
}
