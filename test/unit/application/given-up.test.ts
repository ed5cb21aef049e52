import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/domain/faults.ts';
import { type Worker, worker } from './worker.ts';

const SETTLED_MS = 150_000;
const MINUTE_MS = 60_000;

const labels = ({ provider }: Worker) => [...provider.secrets.values()].map((secret) => [...secret.labels.keys()].sort());
const worked = async (here: Worker): Promise<readonly string[]> => {
  here.requests.length = 0;
  await here.work();
  return here.requests;
};

/** A rotation whose key is there, and whose value has not been answered for. `land`: now it is stored. */
async function storingLate() {
  const here = await worker();
  await here.active();
  await here.want({ type: 'rotate' });
  let land = (): unknown => undefined;
  here.line.around = (name, act) => {
    if (name !== 'PutSecretValue') return act();
    land = act;
    throw new Fault('provider-unknown', true, 'PutSecretValue');
  };
  expect((await here.work()).end).toBe('answer-lost');
  here.later(SETTLED_MS);
  here.line.around = (_name, act) => act();
  return { here, land: () => land() };
}

describe('a value that is stored after its key was given up', () => {
  it('in the midst of the first look loses its label with the key', async () => {
    const { here, land } = await storingLate();
    here.line.around = (name, act) => {
      const answer = act();
      if (name === 'GetSecretValue') land(); // seen as not there
      return answer;
    };
    expect(await worked(here)).toEqual([
      ...['ListAccessKeys', 'GetSecretValue', 'DeleteAccessKey', 'DescribeSecret', 'UpdateSecretVersionStage'],
    ]);
    expect(labels(here)).toEqual([['AWSCURRENT']]);
  });

  it('after it loses its label in the second, though there is no key any more', async () => {
    const { here, land } = await storingLate();
    await here.work();
    land();
    here.later(MINUTE_MS);
    expect((await worked(here)).slice(0, 3)).toEqual(['ListAccessKeys', 'DescribeSecret', 'UpdateSecretVersionStage']);
    expect(here.requests[3]).toBe('CreateAccessKey'); // and the rotation begins again
  });
});

describe('a key that goes since its time is over', () => {
  it('is no reason to look at the secret', async () => {
    const here = await worker();
    await here.active();
    await here.want({ type: 'replace' });
    const sent: string[] = [];
    for (let turns = 0; turns < 5; turns += 1, here.later(5_000)) sent.push(...(await worked(here)));
    expect((await here.state()).versions).toMatchObject([{ phase: 'current', keyId: 'AKIA2' }]);
    expect(sent.slice(sent.indexOf('DeleteAccessKey'))).toEqual(['DeleteAccessKey']);
  });
});
