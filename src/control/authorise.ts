import { quote } from '../lib/escape.ts';

/** What is known of a request before it is carried out: all that a signature covers, and what it is about to do. */
export interface AccessRequest {
	readonly method: string;
	/** Path and query as they were sent. */
	readonly target: string;
	/** Names and values by turns, as they were sent. */
	readonly rawHeaders: readonly string[];
	readonly body: Uint8Array;
	/** As policies name it: `appmesh:CreateVirtualNode`. */
	readonly action: string;
	/** The ARN of what it is done to. */
	readonly resource: string;
}

export interface Principal {
	/** For the audit. */
	readonly name: string;
}

export interface Refusal {
	/** For whoever asks. */
	readonly refused: string;
}

export type Authorise = (request: AccessRequest) => Principal | Refusal | Promise<Principal | Refusal>;

/**
 * Without keys: whoever reaches the socket, or the loopback, may do everything. Not the pages of a browser on this host
 * whose name was made to lead to the loopback (DNS rebinding): they say which host they mean.
 */
export const withoutKeys: Authorise = ({ rawHeaders }) => {
	const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
	const host = at < 0 ? '' : (rawHeaders[at + 1] ?? '');
	if (isLoopback(host.replace(/:\d+$/, ''))) return { name: 'anyone on this host' };
	return {
		refused: `without keys only this host itself is answered, not ${quote(host)}: call it localhost or 127.0.0.1`,
	};
};

/** A host of a URL, or an address. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
