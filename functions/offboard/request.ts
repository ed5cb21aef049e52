import type { OwnerId } from '../../lib/domain/types.ts';

const OWNER = /^\{"id":"(own_[0-9A-HJKMNP-TV-Z]{26})"\}$/;

export const ownerIn = (body: string): OwnerId | undefined => OWNER.exec(body)?.[1] as OwnerId | undefined;
