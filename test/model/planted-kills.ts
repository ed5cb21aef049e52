import { PROTOCOL } from '../protocol.ts';
import { REAL } from './core.ts';
import { killing, type Plant, within, without } from './planting.ts';
import { begin, holderOf } from './world.ts';

const HEIR = holderOf(begin({ faults: 0, lates: 0, commands: 0 }).owners.S);

/** Rules of kills and suspensions, each with the narrowest world that finds it missing. */
export const KILL_PLANTS = {
  /** A change of hands does not lift a kill. */
  'kill outlasts transfer': {
    core: {
      decide: (state, command, nowMs, ...rest) =>
        state?.status === 'suspended' && command.type === 'hand-over'
          ? { ok: true, events: [{ type: 'ResumptionStarted', holder: command.to, liftAtMs: nowMs }] }
          : PROTOCOL.decide(state, command, nowMs, ...rest),
    },
    bounds: killing(0, 0, 2, /^(kill L|transfer)/),
    breaks: /kill/,
  },
  /** Two kills can't overwrite each other. */
  'kills add up': {
    core: { listed: (list, ...rest) => REAL.listed({ ...list, entries: [] }, ...rest) },
    bounds: killing(0, 0, 2, /^kill/),
    breaks: /kill/,
  },
  /** The tag does not move off a killed owner. */
  'tag stays with the killed': {
    core: {
      nextStep: (state, nowMs) => {
        const moves = state.status === 'suspended' && state.why === 'killed' && state.denyAtMs !== undefined && !state.lease;
        return moves && state.taggedFor === state.holder.id ? { do: 'retag', to: HEIR } : PROTOCOL.nextStep(state, nowMs);
      },
    },
    bounds: killing(0, 0, 1, /^kill L/),
    breaks: /kill/,
  },
  /** The owner leaves the list when each credential carries its own deny. */
  'own deny before unlisting': {
    core: { killWants: (owner, credential) => (REAL.killWants(owner, credential) === 'order' ? 'order' : 'nothing') },
    bounds: killing(2, 0, 1, /^kill L/),
    breaks: /kill/,
  },
  /** What a page of a kill writes it writes under that kill, or not at all. */
  'a page under its kill': { core: without('underKill'), bounds: killing(0, 1, 2, /^(un)?kill L/), breaks: /comes back/ },
  /** A render whose answer is lost may land over a later one. */
  'lost render': {
    core: { begun: (...given) => ({ ...REAL.begun(...given), lostUntilMs: undefined }) },
    bounds: killing(0, 1, 3, /^(un)?kill L/),
    breaks: /kill|^4/,
  },
  /** No render of the kill list begins when its lease is over. */
  'render in time': { core: without('rendersInTime'), bounds: killing(1, 1, 2, /^(un)?kill L/), breaks: /^4/ },
  /** A kill waits for what is only being made, too. */
  'kill while it is made': {
    core: { killWants: (owner, credential) => (credential.status === 'provisioning' ? 'nothing' : REAL.killWants(owner, credential)) },
    bounds: { ...within(0, 0, 1, /^kill L/), kills: true },
    breaks: /kill/,
  },
  /** The lifting of a kill brings back what the kill suspended, and nothing else. */
  'lifts its own': {
    core: { liftWants: (owner, credential) => REAL.liftWants(owner, { ...credential, why: 'killed' } as typeof credential) },
    bounds: killing(0, 0, 3, /^(suspend|(un)?kill L)/),
    breaks: /somebody suspended/,
  },
} as const satisfies Readonly<Record<string, Plant>>;
