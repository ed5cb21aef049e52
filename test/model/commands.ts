import type { Command } from '../../lib/domain/credential/decide.ts';
import type { Core } from './core.ts';
import { fact, holderOf, isActive, other, PERSONS, type Person, personOf, ROTATION, told, type World } from './world.ts';

interface Commanded {
  readonly say: string;
  readonly to: World;
}

/** Everything that people and sources may want of the credential and its owners, where it is accepted. */
export function commands(core: Core, world: World): readonly Commanded[] {
  const { record, owners } = world;
  const holder = personOf(record.holder.id);
  const heir = owners[other(holder)];
  const found: Commanded[] = [];
  const ask = (say: string, command: Command): void => {
    const decision = core.decide(record, command, world.nowMs, core.timing, core.nextStep);
    if (!decision.ok || decision.events.length === 0) return;
    const to = { ...world, record: decision.events.reduce(core.evolve, record) };
    found.push({ say, to: decision.events.some(({ type }) => type === 'ReplacementStarted') ? burning(to) : to });
  };
  ask('rotate', { type: 'rotate' });
  ask('replace', { type: 'replace' });
  ask('undo', { type: 'undo' });
  ask('suspend', { type: 'suspend', why: 'requested' });
  ask('revoke', { type: 'revoke', cause: 'requested' });
  const now = holderOf(owners[holder]);
  if (!core.worker.requires || isActive(world, now)) ask('resume', { type: 'resume', holder: now });
  if (heir.status === 'active')
    ask(`transfer to ${other(holder)}`, {
      ...{ type: 'hand-over', to: holderOf(heir), rung: 'chosen', cause: 'requested', leave: undefined, line: record.holder.id },
      ...{ refused: [], overlapMs: ROTATION.overlapMs, regretMs: ROTATION.regretMs },
    });
  for (const who of PERSONS) found.push(...facts(world, who));
  return found;
}

/** Who knew the keys there are may no longer. */
export const burning = (world: World): World => ({ ...world, burnt: [...new Set([...world.burnt, ...world.record.attempts])] });

function facts(world: World, who: Person): readonly Commanded[] {
  const { owners, nowMs, record } = world;
  const owner = owners[who];
  const sequence = owner.sequence + 1;
  if (owner.status !== 'active') return [];
  const holds = personOf(record.holder.id) === who;
  const handingOver = record.status === 'active' && record.replacement?.heir !== undefined; // what is made from then on is not for them
  const leaves = (cause: 'normal' | 'for-cause', onLeave: World['onLeave']): World => {
    const left = { ...world, onLeave, owners: { ...owners, [who]: told(owner, fact(who, 'Left', sequence, cause, nowMs), nowMs) } };
    return holds && !handingOver ? burning(left) : left;
  };
  if (!holds) return [{ say: `${who} leaves`, to: leaves('normal', world.onLeave) }];
  return [
    { say: `${who} leaves, to be passed on`, to: leaves('normal', 'transfer') },
    { say: `${who} leaves for cause, to be passed on`, to: leaves('for-cause', 'transfer') },
    { say: `${who} leaves, to be suspended`, to: leaves('normal', 'suspend') },
    { say: `${who} leaves, to be revoked`, to: leaves('normal', 'revoke') },
  ];
}
