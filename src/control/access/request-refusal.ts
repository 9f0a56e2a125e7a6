/** Why a request is not taken as signed by a key: for the log of whoever runs this. */
export type RefusalReason =
	| 'unsigned'
	| 'presigned'
	| 'malformed'
	| 'ambiguous'
	| 'uncovered'
	| 'other-scope'
	| 'other-time'
	| 'temporary-credentials'
	| 'other-payload'
	| 'unknown-key'
	| 'other-signature'
	| 'replayed'
	| 'other-secret'
	| 'too-often'
	| 'open-network';

export interface Refusal {
	readonly reason: RefusalReason;
	/** What is wrong, in words; never anything of a secret. */
	readonly detail: string;
}

export interface Refused {
	readonly refusal: Refusal;
}

export const refuse = (reason: RefusalReason, detail: string): Refused => ({ refusal: { reason, detail } });

/** Whatever the reason, a stranger is told this and nothing else, so that nobody learns which keys there are. */
export const TOLD_STRANGERS =
	'this request is not signed as it has to be: check the access key, its secret, the region, the service (appmesh) and the clock (to 5 minutes); a signed request is taken once, and neither presigned URLs nor session tokens are';
