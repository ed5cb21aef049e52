import type { CredentialId } from '../../lib/domain/types.ts';

const CREDENTIAL = /^\{"id":"(cred_[0-9A-HJKMNP-TV-Z]{26})"\}$/;

/** The id in a work message, or `undefined` when it is none: messages are ours, so anything else is a defect and goes to the dead-letter queue. */
export const credentialIn = (body: string): CredentialId | undefined => CREDENTIAL.exec(body)?.[1] as CredentialId | undefined;
