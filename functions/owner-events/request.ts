import * as z from 'zod';
import { shown, valueAt } from '../../lib/contract/told-value.ts';
import { EMAIL, FACT_LIMITS } from '../../lib/domain/owner/fact-limits.ts';
import type { OwnerFact } from '../../lib/domain/owner/state.ts';
import type { EpochMs } from '../../lib/domain/types.ts';

const time = z.iso.datetime({ offset: true, error: 'must be a time with zone, e.g. 2026-03-31T17:00:00Z' });
const text = (max: number) => z.string().trim().min(1).max(max);
/** An export without a department says `null` or `''`. */
const maybe = (max: number) =>
  z
    .string()
    .max(max)
    .nullish()
    .transform((value) => value?.trim() || undefined);

const Detail = z.object({
  specversion: z.literal('1'),
  id: text(200),
  source: text(40),
  subject: text(FACT_LIMITS.subject),
  sequence: z.int().min(1),
  occurredAt: time,
  effectiveAt: time.optional(),
  cause: z.enum(['normal', 'for-cause']).default('normal'),
  attributes: z.object({
    email: z.union([z.string().max(FACT_LIMITS.email).regex(EMAIL, 'must be an e-mail address, or empty'), z.literal('')]).default(''), // teams and workloads may have none
    roles: z.array(text(FACT_LIMITS.role)).max(FACT_LIMITS.roles),
    team: maybe(FACT_LIMITS.team),
    manager: maybe(FACT_LIMITS.manager),
    zone: maybe(100),
    successor: maybe(FACT_LIMITS.manager),
  }),
});

/** An event of the bus as the queue brings it. Members that we don't know are passed over: sources add some. */
const Fact = z
  .object({
    'detail-type': z.enum(['Owner Joined', 'Owner Moved', 'Owner Left', 'Owner Returned']),
    source: z.string(),
    detail: Detail,
  })
  // The bus binds `source` to who may say it; were `detail.source` another, that would be for nothing.
  .refine(({ source, detail }) => source === detail.source, { path: ['detail', 'source'], error: 'must be the source of the event' });

export type ReadFact =
  | { readonly ok: true; readonly fact: OwnerFact }
  | { readonly ok: false; readonly reason: string; readonly field: string };

/** The fact in a message of the queue, or what is wrong with it: the field, its value, the rule. */
export function factIn(body: string): ReadFact {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { ok: false, field: '(body)', reason: '(body) is no JSON' };
  }
  const parsed = Fact.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const field = path.join('.') || '(body)';
      return { field, said: `${field} is ${shown(valueAt(json, path))}: ${message}` };
    });
    return { ok: false, field: problems[0]?.field ?? '(body)', reason: problems.map(({ said }) => said).join('; ') };
  }
  const { detail } = parsed.data;
  const { email, roles, team, manager, zone, successor } = detail.attributes;
  const occurredAtMs = Date.parse(detail.occurredAt) as EpochMs;
  return {
    ok: true,
    fact: {
      type: TYPES[parsed.data['detail-type']],
      id: detail.id,
      source: detail.source,
      subject: detail.subject,
      sequence: detail.sequence,
      occurredAtMs,
      effectiveAtMs: detail.effectiveAt === undefined ? occurredAtMs : (Date.parse(detail.effectiveAt) as EpochMs),
      cause: detail.cause,
      attributes: {
        email,
        roles,
        ...(team && { team }),
        ...(manager && { manager }),
        ...(zone && { zone }),
        ...(successor && { successor }),
      },
    },
  };
}

const TYPES = { 'Owner Joined': 'Joined', 'Owner Moved': 'Moved', 'Owner Left': 'Left', 'Owner Returned': 'Returned' } as const;
