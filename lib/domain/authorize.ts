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

/** `*` and `{name}` stay within one segment (no `:` or `/`), so that a pattern can't be stretched over a path or an account. */
export function matchArn(pattern: string, arn: string): Readonly<Record<string, string>> | undefined {
  const source = pattern.replace(/[.+?^$()|[\]\\]|\{(\w+)\}|\*/g, (token: string, name: string | undefined) => {
    if (name) return `(?<${name}>[^:/]+)`;
    return token === '*' ? '[^:/]*' : `\\${token}`;
  });
  const found = new RegExp(`^${source}$`).exec(arn);
  return found ? { ...found.groups } : undefined;
}

const filled = (template: string, groups: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (_token, name: string) => groups[name] ?? '');
