import type { DenyListId } from '../../lib/domain/types.ts';

const DENY_LIST = /^\{"id":"(deny_\d{12}_[a-z]+)"\}$/;

export const denyListIn = (body: string): DenyListId | undefined => DENY_LIST.exec(body)?.[1] as DenyListId | undefined;
