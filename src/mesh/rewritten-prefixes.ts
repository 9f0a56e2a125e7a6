import type { HttpGatewayRoute } from './gateway-route-kind.ts';

/** A prefix that a gateway route takes, and what stands in for it. */
export interface RewrittenPrefix {
	readonly prefix: string;
	/** Undefined: it stays. */
	readonly becomes: string | undefined;
}

/** In the order in which they are tried: `/x/` for itself, as `/x/y` would become `//y` by the rule for `/x`. */
export function rewrittenPrefixes({ match, action }: HttpGatewayRoute): RewrittenPrefix[] {
	const { prefix = '/' } = match;
	const { value, defaultPrefix } = action.rewrite?.prefix ?? {};
	const becomes = value ?? (defaultPrefix === 'DISABLED' ? undefined : '/');
	if (becomes === undefined) return [{ prefix, becomes }];
	const whole = becomes.endsWith('/') ? becomes : `${becomes}/`;
	if (prefix.endsWith('/')) return [{ prefix, becomes: whole }];
	return [
		{ prefix: `${prefix}/`, becomes: whole },
		{ prefix, becomes },
	];
}
