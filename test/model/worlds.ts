import type { Bounds } from './world.ts';

const KILLS = { kills: true, active: true } as const;

/**
 * What is explored, as several small worlds: each has what the others leave out, and a planted bug that none of the others finds
 * (planted.ts, planted-kills.ts), or is deeper.
 */
export const WORLDS: Readonly<Record<string, Bounds>> = {
  'three commands': { faults: 0, lates: 0, commands: 3 },
  'a fault, a late effect and two commands': { faults: 1, lates: 1, commands: 2 },
  'kills, their lifting and returns': { faults: 0, lates: 0, commands: 2, ...KILLS },
  'a kill, with a fault': { faults: 1, lates: 0, commands: 2, only: /kill L|transfer/, ...KILLS },
  'a kill, with a late effect': { faults: 0, lates: 1, commands: 3, only: /kill/, ...KILLS },
  'a kill, with a fault and a late effect': { faults: 1, lates: 1, commands: 2, only: /^(un)?kill L/, ...KILLS },
  'a kill while the first key is made, with a fault': { faults: 1, lates: 0, commands: 1, only: /^kill L/, kills: true },
  'a kill while the first key is made, with a late effect': { faults: 0, lates: 1, commands: 2, only: /^(un)?kill L/, kills: true },
  'a suspension, a kill and its lifting': { faults: 0, lates: 1, commands: 3, only: /^(suspend|resume|(un)?kill L)/, ...KILLS },
  'heirs who leave as well, with a fault': { faults: 1, lates: 0, commands: 2, only: /leaves(, to be passed|$)/, active: true },
  'a handover that failed is resumed, and a leave': {
    ...{ faults: 1, lates: 0, commands: 3, active: true },
    only: /^(transfer|resume|L leaves, to be passed)/,
  },
  'keys wanted back, with a fault and a late effect': { faults: 1, lates: 1, commands: 2, only: /^(rotate|undo)/, active: true },
};

/** Too many for every build. */
export const DEEPER: Readonly<Record<string, Bounds>> = {
  'a kill while the first key is made, with both': { faults: 1, lates: 1, commands: 1, only: /^kill L/, kills: true },
  'two late effects and a command': { faults: 0, lates: 2, commands: 1 },
  'a fault and three commands': { faults: 1, lates: 0, commands: 3 },
  'a late effect and three commands': { faults: 0, lates: 1, commands: 3 },
  'two faults and two commands': { faults: 2, lates: 0, commands: 2 },
  'two faults, a late effect and a command': { faults: 2, lates: 1, commands: 1 },
  'a fault, two late effects and a command': { faults: 1, lates: 2, commands: 1 },
};
