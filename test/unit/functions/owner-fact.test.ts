import { describe, expect, it } from 'vitest';
import { factIn } from '../../../functions/owner-events/request.ts';

const DETAIL = {
  specversion: '1',
  id: 'hr-103-1',
  source: 'hr',
  subject: '103',
  sequence: 1,
  occurredAt: '2026-03-01T09:00:00+01:00',
  attributes: { email: 'ajames@example.com', roles: ['IT_PROG'], team: 'IT', manager: '102', zone: 'Europe/Vienna' },
};
const EVENT = { version: '0', id: 'e', 'detail-type': 'Owner Joined', source: 'hr', account: '1', region: 'r', time: 't', detail: DETAIL };
const say = (change: object, event: object = {}): string => JSON.stringify({ ...EVENT, ...event, detail: { ...DETAIL, ...change } });

describe('an owner fact', () => {
  it('is read; it counts from when it happened where it does not say otherwise', () => {
    const read = factIn(say({}));
    expect(read).toMatchObject({ ok: true, fact: { type: 'Joined', subject: '103', cause: 'normal', attributes: DETAIL.attributes } });
    if (read.ok) expect([read.fact.occurredAtMs, read.fact.effectiveAtMs]).toEqual([1_772_352_000_000, 1_772_352_000_000]);
  });

  it('may come with more than we know, and with less than it might', () => {
    expect(factIn(say({ shoeSize: 44, attributes: { email: '', roles: [], team: null, manager: '', costCenter: '1' } }))).toMatchObject({
      ok: true,
      fact: { attributes: { email: '', roles: [] } },
    });
  });

  it.each([
    ['no sequence', say({ sequence: undefined }), 'detail.sequence', /^detail\.sequence is \(absent\): /],
    ['a sequence that is text', say({ sequence: '1' }), 'detail.sequence', /^detail\.sequence is "1": /],
    ['sequence 0', say({ sequence: 0 }), 'detail.sequence', /^detail\.sequence is 0: /],
    ['a date without a time', say({ occurredAt: '2026-03-01' }), 'detail.occurredAt', /"2026-03-01": must be a time with zone/],
    ['a time without a zone', say({ occurredAt: '2026-03-01T09:00:00' }), 'detail.occurredAt', /must be a time with zone/],
    ['no e-mail address', say({ attributes: { email: 'ajames', roles: [] } }), 'detail.attributes.email', /"ajames"/],
    ['roles that are no list', say({ attributes: { email: '', roles: 'IT' } }), 'detail.attributes.roles', /"IT"/],
    ['a detail type of nobody', say({}, { 'detail-type': 'Owner Promoted' }), 'detail-type', /"Owner Promoted"/],
    [
      'another source inside than outside',
      say({ source: 'scim' }),
      'detail.source',
      /^detail\.source is "scim": must be the source of the event/,
    ],
    ['no subject', say({ subject: ' ' }), 'detail.subject', /^detail\.subject is " "/],
    ['no JSON', '{"detail":', '(body)', /^\(body\) is no JSON$/],
    ['nothing', 'null', '(body)', /^\(body\) is null/],
  ])('%s: refused with field, value and rule', (_name, body, field, reason) => {
    const read = factIn(body);
    expect(read).toMatchObject({ ok: false, field });
    if (!read.ok) expect(read.reason).toMatch(reason);
  });
});
