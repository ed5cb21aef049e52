import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ProfileGroups } from '../../lib/constructs/profile-groups.ts';
import { givenPolicy, givenProfile } from '../given-policy.ts';

const HERE = 'arn:aws:iam::111122223333:role/reports';
const ELSEWHERE = 'arn:aws:iam::444455556666:role/partner';
const policy = givenPolicy({ profiles: { plain: givenProfile(), reporting: givenProfile({ mayAssume: [HERE, ELSEWHERE] }) } });

const groups = (env?: { readonly account: string; readonly region: string }): Template => {
  const stack = new Stack(new App(), 'Test', env && { env });
  new ProfileGroups(stack, 'Profiles', { stackName: 'nhi', policy, grantDocuments: {} });
  return Template.fromStack(stack);
};
const template = groups({ account: '111122223333', region: 'eu-west-1' });
const documents = (type: string): readonly { readonly name: string; readonly text: string; readonly roles: unknown }[] =>
  Object.values(template.findResources(type)).map(({ Properties }) => ({
    name: Properties.ManagedPolicyName ?? JSON.stringify(Properties.Groups),
    text: JSON.stringify(Properties.PolicyDocument),
    roles: Properties.Roles,
  }));
const AS_THEMSELVES = '{"sts:SourceIdentity":"${aws:PrincipalTag/nhi:credential}"}';

describe('roles that keys may assume', () => {
  it('the boundary denies every other role, and these under any other name than the credential’s own', () => {
    const { text = '' } = documents('AWS::IAM::ManagedPolicy').find(({ name }) => name === 'nhi-boundary') ?? {};
    const assume = '"Action":["sts:AssumeRole","sts:SetSourceIdentity"],';
    expect(text).toContain(`{${assume}"Effect":"Deny","NotResource":["${HERE}","${ELSEWHERE}"],"Sid":"NoOtherRoles"}`);
    expect(text).toContain(
      `${assume}"Condition":{"StringNotEquals":${AS_THEMSELVES}},"Effect":"Deny","Resource":["${HERE}","${ELSEWHERE}"]`,
    );
    expect(text).toContain('"sts:GetFederationToken","sts:TagSession","sts:GetSessionToken"]'); // those nobody may, as ever
  });

  it('the group of the profile allows them, of the other profile none', () => {
    const inline = documents('AWS::IAM::Policy');
    expect(inline).toHaveLength(1);
    expect(inline[0]?.name).toContain('reporting');
    expect(inline[0]?.text).toContain(`"Condition":{"StringEquals":${AS_THEMSELVES}},"Effect":"Allow"`);
  });

  it('the kill policy is on those of this account: it denies what was assumed with a key that ended', () => {
    expect(documents('AWS::IAM::ManagedPolicy').find(({ name }) => name === 'nhi-kill-1')?.roles).toEqual(['reports']);
  });

  it('a stack that does not say its account can’t tell its own roles from others', () => {
    expect(() => groups()).toThrow(/mayAssume: give the stack its account/);
  });
});
