import { createHash } from 'node:crypto';
import type { Receipt } from '../store/store.ts';
import { ApiFailure } from './api-failure.ts';

type Asked = Pick<Receipt, 'token' | 'asked'>;

/** By what a request is known again that is sent twice; `all`: that it asks for. */
export function askedOf(token: string | undefined, all: readonly unknown[]): Asked | undefined {
	if (token === undefined) return undefined;
	return { token, asked: createHash('sha256').update(JSON.stringify(all)).digest('base64url') };
}

/** What was answered to it then; undefined: it was not carried out yet. */
export function replyKept(receipt: Receipt | undefined, { asked }: Asked): object | undefined {
	if (receipt === undefined) return undefined;
	if (receipt.asked === asked) return JSON.parse(receipt.reply) as object;
	throw new ApiFailure(
		'ConflictException',
		'the clientToken was used before, for a request that asked for something else',
		'send it with a new one',
	);
}
