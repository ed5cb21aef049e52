import { type RunResult, replay, type Script } from './run.ts';
import type { Planted } from './wiring.ts';

/** How often a shorter script is tried: seconds, not minutes. */
const MOST_TRIES = 600;

/** The shortest script found that breaks the same rule: actions and faults are left out for as long as it still does. */
export async function shrink(broken: RunResult, planted: Planted = {}): Promise<RunResult> {
  let best = broken;
  let tries = 0;
  const breaksWith = async (script: Script): Promise<boolean> => {
    tries += 1;
    if (tries > MOST_TRIES) return false;
    const result = await replay(script, planted);
    if (result.violation?.rule !== broken.violation?.rule) return false;
    best = { ...result, script };
    return true;
  };
  for (let size = Math.ceil(best.script.actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = best.script.actions.length - size; from > -size; from -= size) {
      const { actions } = best.script;
      const kept = actions.filter((_, index) => index < from || index >= from + size);
      if (kept.length < actions.length) await breaksWith({ ...best.script, actions: kept });
    }
  for (const [action, calls] of best.script.faults)
    for (const call of calls.keys()) {
      const faults = new Map(best.script.faults);
      faults.set(action, new Map([...(faults.get(action) ?? [])].filter(([other]) => other !== call)));
      await breaksWith({ ...best.script, faults });
    }
  return best;
}
