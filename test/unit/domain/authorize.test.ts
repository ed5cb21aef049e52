import { describe, expect, it } from 'vitest';
import { authorize, callerOf, matchArn } from '../../../lib/domain/authorize.ts';
import type { CallerRule } from '../../../lib/domain/policy.ts';

const ROLE = 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_*/{email}';

describe('a pattern of an ARN', () => {
  it.each([
    [ROLE, 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0a1b/ann@example.com', { email: 'ann@example.com' }],
    [ROLE, 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_/ann@example.com', { email: 'ann@example.com' }],
    [ROLE, 'arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_Dev_0a1b/ann@example.com', undefined],
    [ROLE, 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0a1b/x/ann@example.com', undefined], // * stays in its segment
    [ROLE, 'arn:aws:sts::123456789012:assumed-role/xAWSReservedSSO_Dev_0a1b/ann@example.com', undefined],
    [ROLE, 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0a1b/', undefined], // nobody has no name
    ['arn:aws:iam::1:role/a.b', 'arn:aws:iam::1:role/axb', undefined], // a dot is a dot
  ])('%s against %s', (pattern, arn, groups) => expect(matchArn(pattern, arn)).toEqual(groups));
});

describe('a caller', () => {
  const rules: readonly CallerRule[] = [
    { match: { arn: 'arn:aws:sts::1:assumed-role/admin/root' }, owner: 'hr:1', may: ['audit'], for: [] },
    { match: { arn: 'arn:aws:sts::1:assumed-role/{role}/{email}' }, owner: '{email}', may: ['request'], for: ['hr:7'] },
  ];
  const ann = callerOf(rules, 'arn:aws:sts::1:assumed-role/dev/ann@example.com');

  it('is who the first rule that fits says', () => {
    expect(callerOf(rules, 'arn:aws:sts::1:assumed-role/admin/root')?.ownerRef).toBe('hr:1');
    expect(ann).toMatchObject({ ownerRef: 'ann@example.com', may: ['request'] });
    expect(callerOf(rules, 'arn:aws:iam::1:user/ann')).toBeUndefined();
  });

  it('two roles of one person are one owner', () => {
    expect(callerOf(rules, 'arn:aws:sts::1:assumed-role/ops/ann@example.com')?.ownerRef).toBe(ann?.ownerRef);
  });

  it.each([
    ['nobody', undefined, 'request', undefined, 'unmapped-caller'],
    ['a right it has, for itself', ann, 'request', 'ann@example.com', undefined],
    ['a right it has, for an owner it may act for', ann, 'request', 'hr:7', undefined],
    ['a right it has, for another', ann, 'request', 'hr:8', 'not-for-that-owner'],
    ['a right it has not', ann, 'operate', 'ann@example.com', 'right-missing'],
  ] as const)('%s', (_name, caller, right, ownerRef, refused) => expect(authorize(caller, right, ownerRef)).toBe(refused));
});
