import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { log } from '../../functions/shared/log.ts';
import { measure } from '../../functions/shared/metric.ts';
import type { Connector } from '../../lib/application/ports.ts';
import { Fault } from '../../lib/domain/faults.ts';
import { MISHAPS } from '../fake-aws.ts';
import { canary, detectorOf } from './detector.ts';
import { live, type Planted } from './life.ts';

const ALL = detectorOf(Array.from({ length: 40 }, (_, n) => canary(n + 1)));

describe('the detector', () => {
  const secret = canary(3);
  const part = secret.slice(11, 19);
  it.each<readonly [string, string]>([
    ['raw', secret],
    ['raw', `x${part}x`],
    ['url', encodeURIComponent(part)],
    ['hex', Buffer.from(part).toString('hex')],
    ['hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ...[0, 1, 2].map((before) => ['base64', Buffer.from(`${'x'.repeat(before)}${part}yz`).toString('base64')] as const),
    ['base64', Buffer.from(`{"s":"${secret}"}`).toString('base64url')],
  ])('finds a secret, or eight characters of it, as %s', (form, text) => {
    expect(ALL.leaksIn(`{"detail":"${text}"}`).map((leak) => leak.split(' ')[0])).toContain(form);
  });

  it('finds nothing in seven characters, and nothing in what ids and hashes look like', () => {
    expect(ALL.leaksIn(secret.slice(0, 7))).toEqual([]);
    const ids = Array.from({ length: 20_000 }, (_, n) =>
      createHash('sha512')
        .update(`${n}`)
        .digest(n % 2 ? 'hex' : 'base64'),
    );
    expect(ALL.leaksIn(ids.join(' '))).toEqual([]);
  });

  it('every secret is another, and none has a fragment twice', () => {
    const fragments = Array.from({ length: 40 }, (_, n) => canary(n + 1)).flatMap((text) =>
      Array.from({ length: 33 }, (_, from) => text.slice(from, from + 8)),
    );
    expect(new Set(fragments).size).toBeGreaterThan(fragments.length * 0.99);
  });
});

describe('the life of a credential leaves no secret anywhere', () => {
  it('where nothing goes wrong', async () => {
    const lived = await live(() => undefined);
    expect(lived).toMatchObject({ end: 'revoked', keys: 2 });
    expect(lived.written.length).toBeGreaterThan(10_000);
    expect(ALL.leaksIn(lived.written)).toEqual([]);
  });

  /** Which call of each operation it is; a second meets what recovery and repetition do. */
  const NTHS = [1, 2];
  it.each(MISHAPS)('where a call ends in %s, and its answer tells all it knows: every operation, in turn', async (kind) => {
    const struck = new Set<string>();
    const operations = new Set<string>();
    for (const nth of NTHS) {
      const lived = await live((_operation, n) => (n === nth ? kind : undefined));
      expect(lived.end).toBe('revoked');
      expect(ALL.leaksIn(lived.written)).toEqual([]);
      for (const operation of lived.struck) struck.add(operation);
      for (const operation of lived.operations) operations.add(operation);
    }
    expect([...operations].filter((operation) => !struck.has(operation))).toEqual([]);
  });
});

const onCreate = (leak: (body: string) => void): Planted => ({
  connector: (real): Connector => ({
    ...real,
    createVersion: async (...args) => {
      const made = await real.createVersion(...args);
      leak(made.body.reveal());
      return made;
    },
  }),
});
let secret = '';
let thrown = false;

describe('a planted leak is found', () => {
  it.each<readonly [string, string, Planted]>([
    [
      'in the message of an error',
      'raw',
      onCreate((body) => {
        if (thrown) return;
        thrown = true;
        throw new Fault('provider-refused', false, `CreateAccessKey: unexpected ${body}`);
      }),
    ],
    ['in a line of the log', 'raw', onCreate((body) => log.info('made', { body: JSON.parse(body).secretAccessKey }))],
    [
      'in base64, in an event',
      'base64',
      {
        ...onCreate((body) => {
          secret = body;
        }),
        ledger: (real) => ({
          ...real,
          appendCredential: (append) => {
            const [first, ...rest] = append.envelopes;
            const envelopes = first ? [{ ...first, cause: Buffer.from(secret).toString('base64') }, ...rest] : [];
            return real.appendCredential({ ...append, envelopes });
          },
        }),
      },
    ],
    [
      'as eight characters, in a metric',
      'raw',
      onCreate((body) => {
        measure('work', `made ${JSON.parse(body).secretAccessKey.slice(5, 13)}`, 1);
      }),
    ],
  ])('%s', async (_name, form, planted) => {
    const lived = await live(() => undefined, planted);
    expect(ALL.leaksIn(lived.written).map((leak) => leak.split(' ')[0])).toContain(form);
  });
});
