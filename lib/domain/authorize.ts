import type { CallerRule, Right } from './policy.ts';

/** Who calls, in our terms. Two principals of one person are one owner, so a second role gains nothing. */
export interface Caller {
  readonly arn: string;
  /** Reference to the owner: `<source>:<external id>` or an e-mail address. */
  readonly ownerRef: string;
  readonly may: readonly Right[];
  readonly for: readonly string[];
}

export type AuthorizationRejection = 'unmapped-caller' | 'right-missing' | 'not-for-that-owner';

/** The first rule whose pattern fits the ARN. No rule, no caller. */
export function callerOf(rules: readonly CallerRule[], arn: string): Caller | undefined {
  for (const rule of rules) {
    const groups = matchArn(rule.match.arn, arn);
    if (groups) return { arn, ownerRef: filled(rule.owner, groups), may: rule.may, for: rule.for };
  }
  return undefined;
}

/** Whether `caller` may do that for the owner named; the one place where this is decided. */
export function authorize(caller: Caller | undefined, right: Right, ownerRef?: string): AuthorizationRejection | undefined {
  if (!caller) return 'unmapped-caller';
  if (!caller.may.includes(right)) return 'right-missing';
  if (ownerRef !== undefined && ownerRef !== caller.ownerRef && !caller.for.includes(ownerRef)) return 'not-for-that-owner';
  return undefined;
}

/** What can be done to a credential by a command. `replace` is a rotation without overlap: a key has leaked. */
export const VERBS = [
  'revoke',
  'rotate',
  'replace',
  'suspend',
  'resume',
  'undo',
  'transfer',
  'renew',
  'accept',
  'refuse',
  'approve',
] as const;
export type Verb = (typeof VERBS)[number];

/**
 * `owner`: whoever answers for it, and nobody else. `owner-or`: they, or whoever has the right. `right`: only who has it, be it their own.
 * `others`: who has the right and neither answers for it nor acts for whoever does.
 */
type Who = { readonly by: 'owner' } | { readonly by: 'owner-or' | 'right' | 'others'; readonly right: Right };

const WHO: Readonly<Record<Verb, Who>> = {
  revoke: { by: 'owner-or', right: 'operate' },
  rotate: { by: 'owner-or', right: 'operate' },
  replace: { by: 'owner-or', right: 'operate' },
  suspend: { by: 'owner-or', right: 'operate' },
  undo: { by: 'owner-or', right: 'operate' },
  transfer: { by: 'owner-or', right: 'operate' },
  renew: { by: 'owner-or', right: 'operate' }, // where the profile wants an approval, as `approve`
  resume: { by: 'right', right: 'operate' }, // or whoever was suspended for cause would resume themselves
  approve: { by: 'others', right: 'approve' },
  accept: { by: 'owner' },
  refuse: { by: 'owner' },
};

/** Whether `caller` may change a credential so. `stands`: they are its owner, or act for them. */
export function authorizeChange(
  caller: Caller | undefined,
  verb: Verb,
  stands: boolean,
): AuthorizationRejection | 'not-the-owner' | 'own-request' | undefined {
  if (!caller) return 'unmapped-caller';
  const who = WHO[verb];
  if (who.by === 'owner') return stands ? undefined : 'not-the-owner';
  if (who.by === 'owner-or' && stands) return undefined;
  return authorize(caller, who.right) ?? (who.by === 'others' && stands ? 'own-request' : undefined);
}

/** Whoever operates may kill, be it themselves. Lifting gives access back: `stands`, the killed owner and who acts for them, may not. */
export const authorizeKill = (
  caller: Caller | undefined,
  verb: 'kill' | 'unkill',
  stands: boolean,
): AuthorizationRejection | 'own-kill' | undefined =>
  authorize(caller, 'operate') ?? (verb === 'unkill' && stands ? 'own-kill' : undefined);

/** `*` and `{name}` stay within one segment (no `:` or `/`), so that a pattern can't be stretched over a path or an account. */
export function matchArn(pattern: string, arn: string): Readonly<Record<string, string>> | undefined {
  const source = pattern.replace(/[.+?^$()|[\]\\]|\{(\w+)\}|\*/g, (token: string, name: string | undefined) => {
    if (name) return `(?<${name}>[^:/]+)`;
    return token === '*' ? '[^:/]*' : `\\${token}`;
  });
  const found = new RegExp(`^${source}$`).exec(arn);
  return found ? { ...found.groups } : undefined;
}

/** Whether a caller's ARN is that principal, or a session of that role; a session's ARN has lost the role's path. */
export function isSession(arn: string, principal: string): boolean {
  const role = /^arn:([^:]+):iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(principal);
  if (!role) return arn === principal;
  const [, partition, account, name] = role;
  return arn === principal || arn.startsWith(`arn:${partition}:sts::${account}:assumed-role/${name}/`);
}

const filled = (template: string, groups: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (_token, name: string) => groups[name] ?? '');
