import type { Command } from '../../lib/domain/credential/decide.ts';
import type { OwnerDecision } from '../../lib/domain/owner/decide.ts';
import type { Offboarding, Owner } from '../../lib/domain/owner/state.ts';
import { plusMs } from '../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../given-policy.ts';
import { burning } from './commands.ts';
import type { Core } from './core.ts';
import { killPass } from './kills.ts';
import { holderOf, type Move, other, type Person, ROTATION, type World } from './world.ts';

const POLICIES = {
  revoke: givenPolicy({ profiles: { p: givenProfile({ rotation: ROTATION }) } }),
  suspend: givenPolicy({
    profiles: { p: givenProfile({ rotation: ROTATION, onLeave: { action: 'suspend', regretMs: ROTATION.regretMs } }) },
  }),
  transfer: givenPolicy({
    profiles: {
      p: givenProfile({ rotation: ROTATION, onLeave: { action: 'transfer', overlapMs: ROTATION.overlapMs, regretMs: ROTATION.regretMs } }),
    },
  }),
};

/** What the owner's record wants; a page holds the one credential. */
export function ownerMoves(core: Core, world: World, who: Person, calm: Move[], odd: Move[]): void {
  const owner = world.owners[who];
  const step = core.nextOwnerStep(owner, world.nowMs);
  const with_ = (changed: World, decision: OwnerDecision): World =>
    decision.ok
      ? {
          ...changed,
          owners: { ...changed.owners, [who]: decision.events.reduce<Owner>((state, event) => core.evolveOwner(state, event), owner) },
        }
      : changed;
  switch (step.do) {
    case 'offboard': {
      const passed = pass(core, world, who, step.offboarding);
      const tally = core.tallied(step.offboarding.tally, owner.id, step.offboarding.epochBelow, [world.record]);
      if (passed === world && tally.unfinished > 0) return; // one that finds nothing to do changes nothing
      const often = { ...owner, offboarding: { ...step.offboarding, pass: 1 } }; // for ever at the pace of the first passes
      calm.push({
        say: `a pass over what ${who} holds`,
        to: with_(passed, core.decidePage(often, { tally, nextCursor: undefined }, world.nowMs, core.timing)),
      });
      if (world.faults > 0 && passed !== world)
        odd.push({ say: `FAULT: a pass over what ${who} holds dies before it is recorded`, to: { ...passed, faults: world.faults - 1 } });
      return;
    }
    case 'deny':
    case 'unlist':
    case 'resume':
      killPass(core, world, who, step.work, calm, odd);
      return;
    default:
      return;
  }
}

/** The command of a pass, as `wishFor` in lib/application/removal.ts has it. */
function pass(core: Core, world: World, who: Person, offboarding: Offboarding): World {
  const owner = world.owners[who];
  const { record, nowMs } = world;
  const policy = POLICIES[world.onLeave];
  const act = core.leaveAct(policy, owner, offboarding, record);
  if (!act) return world;
  const cause = offboarding.cause === 'for-cause' ? 'owner-left-for-cause' : 'owner-left';
  const ifHeldBy = { ownerId: owner.id, epochBelow: offboarding.epochBelow };
  const heir = world.owners[other(who)];
  const refused = (record.status === 'active' && record.replacement?.heir?.refused) || [];
  const suspend: Command = { type: 'suspend', why: 'owner-left', ends: { atMs: plusMs(nowMs, ROTATION.regretMs), cause }, ifHeldBy };
  const overlapMs = cause === 'owner-left-for-cause' ? 0 : ROTATION.overlapMs;
  const handOver: Command = {
    ...{ type: 'hand-over', to: holderOf(heir), rung: 'named', cause, leave: offboarding.epochBelow, line: owner.id, refused },
    ...{ overlapMs, regretMs: ROTATION.regretMs, ifHeldBy },
  };
  const wish: Command =
    act === 'revoke'
      ? { type: 'revoke', cause, ifHeldBy }
      : act === 'transfer' && heir.status === 'active' && !heir.killed
        ? handOver
        : suspend;
  const decision = core.decide(record, wish, nowMs, core.timing, core.nextStep);
  if (!decision.ok || decision.events.length === 0) return world;
  const changed = { ...world, record: decision.events.reduce(core.evolve, record) };
  return decision.events.some(({ type }) => type === 'ReplacementStarted') ? burning(changed) : changed;
}
