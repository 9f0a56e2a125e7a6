import { ApiFailure } from './api-failure.ts';

/** A client tries again within minutes; beyond so many the oldest are forgotten. */
const MOST_TOKENS = 1_000;

/** Runs a request once, however often it is sent with the same token. `asked`: all that it asks for. */
export type Once = (token: string | undefined, asked: string, act: () => Promise<object>) => Promise<object>;

export function createClientTokens(): Once {
	const known = new Map<string, { readonly asked: string; readonly reply: Promise<object> }>();
	return async (token, asked, act) => {
		if (token === undefined) return act();
		const former = known.get(token);
		if (former?.asked === asked) return former.reply;
		if (former !== undefined) throw usedOtherwise();
		const reply = act();
		known.set(token, { asked, reply });
		// What has failed may be tried again.
		reply.catch(() => known.delete(token));
		const [oldest] = known.keys();
		if (known.size > MOST_TOKENS && oldest !== undefined) known.delete(oldest);
		return reply;
	};
}

const usedOtherwise = (): ApiFailure =>
	new ApiFailure(
		'ConflictException',
		'the clientToken was used before, for a request that asked for something else',
		'send it with a new one',
	);
