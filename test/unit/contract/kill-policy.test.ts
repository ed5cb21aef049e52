import { describe, expect, it } from 'vitest';
import { deniedBy, killDocument } from '../../../lib/contract/kill-policy.ts';

const REPLACED = 'cred_01B@2026-05-01T00:00:00.000Z';

describe('the kill policy', () => {
  it('of nobody matches nobody', () => {
    expect(killDocument([]).Statement).toMatchObject([{ Condition: { StringEquals: { 'aws:PrincipalTag/nhi:owner': ['nobody'] } } }]);
  });

  it('denies owners by tag, ended credentials by source identity, and of a replaced key what was assumed before', () => {
    expect(killDocument(['k2', 'k1', 'cred_01A', REPLACED])).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringEquals: { 'aws:PrincipalTag/nhi:owner': ['k1', 'k2'] } } },
        { Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringEquals: { 'aws:SourceIdentity': ['cred_01A'] } } },
        {
          ...{ Effect: 'Deny', Action: '*', Resource: '*' },
          Condition: {
            StringEquals: { 'aws:SourceIdentity': ['cred_01B'] },
            DateLessThan: { 'aws:TokenIssueTime': ['2026-05-01T00:00:00.000Z'] },
          },
        },
      ],
    });
  });

  it.each([[[]], [['k1']], [['cred_01A']], [['k1', 'k2', 'cred_01A', REPLACED]]])('is read back: %j', (keys) => {
    expect([...(deniedBy(JSON.stringify(killDocument(keys))) ?? ['?'])].sort()).toEqual([...keys].sort());
  });

  it.each([
    ['no JSON', 'x'],
    ['another action', JSON.stringify(killDocument(['k1'])).replace('"Action":"*"', '"Action":"s3:*"')],
    ['a condition more', JSON.stringify(killDocument(['k1'])).replace('"StringEquals"', '"Bool":{"a":["b"]},"StringEquals"')],
    ['an allow', JSON.stringify(killDocument(['k1'])).replace('Deny', 'Allow')],
    ['nothing', '{}'],
  ])('in another form is none of ours: %s', (_name, document) => {
    expect(deniedBy(document)).toBeUndefined();
  });

  it('takes 150 owners within IAM’s 6,144 characters', () => {
    const keys = Array.from({ length: 150 }, (_, n) => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`);
    expect(JSON.stringify(killDocument(keys)).replace(/\s/g, '').length).toBeLessThanOrEqual(6_144);
  });
});
