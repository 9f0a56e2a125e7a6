import { denialText, mayDo } from './policy.ts';
import { type Refusal, TOLD_STRANGERS } from './request-refusal.ts';
import type { ReceivedRequest } from './signed-request.ts';
import { createVerifier, type VerifierOptions } from './verify-signature.ts';

interface AskedCall extends ReceivedRequest {
	/** As policies name it: `appmesh:CreateVirtualNode`. */
	readonly action: string;
	/** The ARN of what it is done to; `*` where it is of none. */
	readonly resource: string;
}

interface KeyOptions extends VerifierOptions {
	/** Strangers are not told why; whoever runs this is. */
	readonly onRefused: (refusal: Refusal) => void;
}

/** Whose request it is, if the policies of the key that has signed it allow it. */
export function authoriseByKey({
	onRefused,
	...options
}: KeyOptions): (call: AskedCall) => Promise<{ readonly name: string } | { readonly refused: string }> {
	const verify = createVerifier(options);
	return async (call) => {
		const verdict = await verify({ ...call, isRead: call.method === 'GET' });
		if ('refusal' in verdict) {
			onRefused(verdict.refusal);
			return { refused: TOLD_STRANGERS };
		}
		const { user, policies } = verdict.key;
		const decision = mayDo(policies, call.action, call.resource);
		return decision.isAllowed ? { name: user } : { refused: denialText(user, call.action, call.resource, decision) };
	};
}
