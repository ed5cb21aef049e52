import { expect, it } from 'vitest';
import { type EpochMs, plusMs } from '../../lib/domain/types.ts';
import { faultLine, type Process } from './faults.ts';

it('lands twice what its client repeats by itself, and nothing else that goes to the same place', async () => {
  let nowMs = 0 as EpochMs;
  const line = faultLine(
    () => ({ kind: 'twice', delayMs: 5 }),
    () => nowMs,
  );
  const process: Process = { dead: false, onHold: () => undefined, landsByMs: undefined };
  const put: string[] = [];
  for (const [what, repeatable] of [
    ['closed by ensure', false],
    ['shared', true],
    ['closed by ensure again', false],
  ] as const)
    await line.call(process, line.kind('secrets.PutResourcePolicy', repeatable), () => put.push(what));
  nowMs = plusMs(nowMs, 5);
  await line.land(nowMs);
  expect(put).toEqual(['closed by ensure', 'shared', 'closed by ensure again', 'shared']);
  expect([...line.reached()]).toEqual([['secrets.PutResourcePolicy', 3]]);
});
