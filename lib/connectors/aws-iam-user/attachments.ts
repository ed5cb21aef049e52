import {
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteLoginProfileCommand,
  DeleteServiceSpecificCredentialCommand,
  DeleteSigningCertificateCommand,
  DeleteSSHPublicKeyCommand,
  DeleteUserPolicyCommand,
  DeleteVirtualMFADeviceCommand,
  DetachUserPolicyCommand,
  type IAMClient,
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsResponse,
  paginateListAccessKeys,
  paginateListAttachedUserPolicies,
  paginateListGroupsForUser,
  paginateListMFADevices,
  paginateListSigningCertificates,
  paginateListSSHPublicKeys,
  paginateListUserPolicies,
  RemoveUserFromGroupCommand,
} from '@aws-sdk/client-iam';
import { ask } from '../../adapters/aws/aws-fault.ts';
import { Fault } from '../../domain/faults.ts';

/** All of a listing before anything is done about it: what a page marker means after deletions nobody says. */
export async function allPages<Page>(
  pages: AsyncIterable<Page>,
  namesIn: (page: Page) => readonly (string | undefined)[] | undefined,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of pages) found.push(...(namesIn(page) ?? []).filter((name) => name !== undefined));
  return found;
}

const gone = () => undefined;
const none = (): readonly string[] => [];

/**
 * Takes away all that IAM wants off a user before it lets it be deleted, except the inline policy `keep`. Others may have hung things
 * on it, so the ledger does not know them: each kind is listed. What is gone by the time it is reached is gone.
 *
 * A listing answered with InvalidAction counts as empty. That is IAM's word for an operation its API does not have, so there is nothing
 * of that kind to hang on anybody: the local emulator says it of service-specific credentials, SSH keys and signing certificates; AWS
 * does not, since those operations are in its API of 2010-05-08. And no failure can hide behind it, as DeleteUser itself refuses
 * (DeleteConflict) while anything is left. AccessDenied is a fault like any other.
 *
 * `from`: kinds that an earlier try was through with; only keys are looked at again. A fault says how far this one came, as does the
 * answer. What was hung on since then makes DeleteUser refuse, and all kinds are gone through again.
 */
export async function takeAwayWhatHangsOn(iam: IAMClient, UserName: string, keep: string, from: number): Promise<number> {
  const user = { UserName };
  const pager = { client: iam };
  const each = async (
    listing: string,
    list: () => Promise<readonly string[]>,
    deletion: string,
    remove: (name: string) => Promise<unknown>,
  ) => {
    const names = await ask(listing, list, { NoSuchEntity: none, InvalidAction: none });
    for (const name of names) await ask(deletion, () => remove(name), { NoSuchEntity: gone });
  };

  const kinds: readonly (() => Promise<unknown>)[] = [
    () =>
      each(
        'ListAccessKeys',
        () => allPages(paginateListAccessKeys(pager, user), (page) => page.AccessKeyMetadata?.map((key) => key.AccessKeyId)),
        'DeleteAccessKey',
        (AccessKeyId) => iam.send(new DeleteAccessKeyCommand({ ...user, AccessKeyId })),
      ),
    () =>
      each(
        'ListServiceSpecificCredentials',
        () =>
          allPages(serviceSpecificCredentials(iam, UserName), (page) =>
            page.ServiceSpecificCredentials?.map((one) => one.ServiceSpecificCredentialId),
          ),
        'DeleteServiceSpecificCredential',
        (ServiceSpecificCredentialId) => iam.send(new DeleteServiceSpecificCredentialCommand({ ...user, ServiceSpecificCredentialId })),
      ),
    () => ask('DeleteLoginProfile', () => iam.send(new DeleteLoginProfileCommand(user)), { NoSuchEntity: gone }),
    () =>
      each(
        'ListMFADevices',
        () => allPages(paginateListMFADevices(pager, user), (page) => page.MFADevices?.map((device) => device.SerialNumber)),
        'DeactivateMFADevice',
        async (SerialNumber) => {
          await iam.send(new DeactivateMFADeviceCommand({ ...user, SerialNumber }));
          // A virtual device is an object of its own, and has an ARN for a serial number.
          if (/^arn:[^:]+:iam::\d+:mfa\//.test(SerialNumber)) await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
        },
      ),
    () =>
      each(
        'ListSSHPublicKeys',
        () => allPages(paginateListSSHPublicKeys(pager, user), (page) => page.SSHPublicKeys?.map((key) => key.SSHPublicKeyId)),
        'DeleteSSHPublicKey',
        (SSHPublicKeyId) => iam.send(new DeleteSSHPublicKeyCommand({ ...user, SSHPublicKeyId })),
      ),
    () =>
      each(
        'ListSigningCertificates',
        () => allPages(paginateListSigningCertificates(pager, user), (page) => page.Certificates?.map((one) => one.CertificateId)),
        'DeleteSigningCertificate',
        (CertificateId) => iam.send(new DeleteSigningCertificateCommand({ ...user, CertificateId })),
      ),
    () =>
      each(
        'ListUserPolicies',
        () => allPages(paginateListUserPolicies(pager, user), (page) => page.PolicyNames?.filter((name) => name !== keep)),
        'DeleteUserPolicy',
        (PolicyName) => iam.send(new DeleteUserPolicyCommand({ ...user, PolicyName })),
      ),
    () =>
      each(
        'ListAttachedUserPolicies',
        () => allPages(paginateListAttachedUserPolicies(pager, user), (page) => page.AttachedPolicies?.map((policy) => policy.PolicyArn)),
        'DetachUserPolicy',
        (PolicyArn) => iam.send(new DetachUserPolicyCommand({ ...user, PolicyArn })),
      ),
    () =>
      each(
        'ListGroupsForUser',
        () => allPages(paginateListGroupsForUser(pager, user), (page) => page.Groups?.map((group) => group.GroupName)),
        'RemoveUserFromGroup',
        (GroupName) => iam.send(new RemoveUserFromGroupCommand({ ...user, GroupName })),
      ),
  ];
  for (const [at, takeAway] of kinds.entries()) {
    if (at > 0 && at < from) continue;
    await takeAway().catch((error: unknown) => {
      throw error instanceof Fault ? error.after(Math.max(at, from)) : error;
    });
  }
  return kinds.length;
}

/** The SDK has no paginator for these. */
async function* serviceSpecificCredentials(iam: IAMClient, UserName: string): AsyncGenerator<ListServiceSpecificCredentialsResponse> {
  let Marker: string | undefined;
  do {
    const page: ListServiceSpecificCredentialsResponse = await iam.send(
      new ListServiceSpecificCredentialsCommand({ UserName, ...(Marker !== undefined && { Marker }) }),
    );
    yield page;
    Marker = page.IsTruncated ? page.Marker : undefined;
  } while (Marker !== undefined);
}
