import type { Authorise, Principal } from '../authorise.ts';
import type { AccessKey } from './access-keys.ts';
import { denialText, mayDo } from './policy.ts';
import { type Refusal, TOLD_STRANGERS } from './request-refusal.ts';
import { createVerifier, type VerifierOptions } from './verify-signature.ts';

interface KeyOptions extends VerifierOptions {
	/** Strangers are not told why; whoever runs this is. */
	readonly onRefused: (refusal: Refusal) => void;
}

/** Whose request it is, and what that key may. */
export function authoriseByKey({ onRefused, ...options }: KeyOptions): Authorise {
	const verify = createVerifier(options);
	return async (request) => {
		const verdict = await verify(request);
		if ('refusal' in verdict) {
			onRefused(verdict.refusal);
			return { refused: TOLD_STRANGERS };
		}
		return principalOf(verdict.key);
	};
}

/** What the policies of a key deny. */
export const principalOf = ({ user, policies }: AccessKey): Principal => ({
	name: user,
	denies: (action, resource) => {
		const decision = mayDo(policies, action, resource);
		return decision.isAllowed ? undefined : denialText(user, action, resource, decision);
	},
});
