import type { Command } from '../../lib/domain/credential/decide.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import type { Owner } from '../../lib/domain/owner/state.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import type { Core } from './core.ts';
import { killCommands } from './kills.ts';
import { fact, holderOf, isActive, learned, other, PERSONS, type Person, personOf, ROTATION, told, type World } from './world.ts';

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
    if (decision.events.some(({ type }) => type === 'ReplacementStarted')) found.push({ say, to: burning(to) });
    else if (command.type === 'resume') found.push({ say, to: { ...takingBack(to, record), stopped: false } });
    else found.push({ say, to: { ...to, stopped: world.stopped || command.type === 'suspend' } });
  };
  ask('rotate', { type: 'rotate' });
  ask('replace', { type: 'replace' });
  ask('undo', { type: 'undo' });
  ask('suspend', { type: 'suspend', why: 'requested' });
  ask('revoke', { type: 'revoke', cause: 'requested' });
  const now = holderOf(owners[holder]);
  if (!core.worker.requires || isActive(world, now)) ask('resume', { type: 'resume', holder: now });
  if (heir.status === 'active' && !heir.killed)
    ask(`transfer to ${other(holder)}`, {
      ...{ type: 'hand-over', to: holderOf(heir), rung: 'chosen', cause: 'requested', leave: undefined, line: record.holder.id },
      ...{ refused: [], overlapMs: ROTATION.overlapMs, regretMs: ROTATION.regretMs },
    });
  for (const who of PERSONS) found.push(...facts(core, world, who));
  return [...found, ...killCommands(core, world)];
}

/** Who knew the keys there are may no longer. */
export const burning = (world: World): World => ({ ...world, burnt: [...new Set([...world.burnt, ...world.record.attempts])] });

/** Who has returned knows them by right, but for what was to be replaced. */
function takingBack(world: World, before: Credential): World {
  const { record, burnt } = world;
  const again = record.holder.epoch > before.holder.epoch && record.status === 'suspended';
  const still = burnt.filter((attempt) => record.status === 'suspended' && record.replacement?.known.includes(attempt));
  return learned(again ? { ...world, burnt: still } : world);
}

function facts(core: Core, world: World, who: Person): readonly Commanded[] {
  const { owners, nowMs, record } = world;
  const owner = owners[who];
  const sequence = owner.sequence + 1;
  if (world.kill && owner.status === 'left')
    return [
      {
        say: `${who} returns`,
        to: { ...world, owners: { ...owners, [who]: told(owner, fact(who, 'Returned', sequence, 'normal', nowMs), nowMs) } },
      },
    ];
  if (owner.status !== 'active') return [];
  const holds = personOf(record.holder.id) === who;
  const handingOver = record.status === 'active' && record.replacement?.heir !== undefined; // what is made from then on is not for them
  const leaves = (cause: 'normal' | 'for-cause', onLeave: World['onLeave']): World => {
    const leaver = admitted(core, told(owner, fact(who, 'Left', sequence, cause, nowMs), nowMs), nowMs);
    const left = { ...world, onLeave, owners: { ...owners, [who]: leaver } };
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

/** The guard lets every leave through, at once: that its first pass may be late is in here anyway. */
function admitted(core: Core, owner: Owner, nowMs: EpochMs): Owner {
  const step = core.nextOwnerStep(owner, nowMs);
  if (step.do !== 'admit') return owner;
  return core.evolveOwner(owner, { type: 'RemovalAdmitted', of: step.of, credentials: 1, atMs: nowMs });
}
