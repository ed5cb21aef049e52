import { FIRST_VERIFY_AFTER_MS } from '../timing.ts';

export const CONNECTOR_KINDS = ['aws-iam-user', 'api-token'] as const;
export type ConnectorKind = (typeof CONNECTOR_KINDS)[number];

/** What a kind of provider can do, as far as the plan depends on it. The conformance suite holds each connector to what it declares. */
interface Capabilities {
  /** Two versions at a time, disabled ones included: the old works on beside the new. No plan here does without. */
  readonly overlap: true;
  /** A version is taken back without being deleted, and can be enabled again. No plan here does without. */
  readonly disable: true;
  /** The provider notes when a version was used. Where not, the overlap alone decides when an old one goes. */
  readonly usageEvidence: boolean;
  /** A creation may be made again under its attempt, and a late one of an earlier lease is refused. Where not, the provider is looked at. */
  readonly idempotentCreate: boolean;
  /** A version whose value was stored, but not put on record, is taken over. Where not, it is deleted. */
  readonly adopt: boolean;
  /** How long a new version is refused at first; an earlier look would be wasted. */
  readonly usableAfterMs: number;
}

const CAPABILITIES: Readonly<Record<ConnectorKind, Capabilities>> = {
  'aws-iam-user': {
    overlap: true,
    disable: true,
    usageEvidence: true,
    idempotentCreate: false,
    adopt: true,
    usableAfterMs: FIRST_VERIFY_AFTER_MS,
  },
  'api-token': { overlap: true, disable: true, usageEvidence: false, idempotentCreate: true, adopt: true, usableAfterMs: 0 },
};

/** Shown by the process that makes it and kept nowhere, a token can be neither adopted nor made again by another: it is deleted, and asked for anew. */
const DELIVERED_ONCE: Capabilities = { ...CAPABILITIES['api-token'], idempotentCreate: false, adopt: false };

interface Kind {
  readonly connector: ConnectorKind;
  readonly token?: { readonly delivery?: 'once' };
}

export const isDeliveredOnce = ({ token }: Kind): boolean => token?.delivery === 'once';
export const capabilitiesOf = (kind: Kind): Capabilities => (isDeliveredOnce(kind) ? DELIVERED_ONCE : CAPABILITIES[kind.connector]);
