import { families } from '../../values/units.ts';
import type { Dialect } from '../firewall.ts';
import { ownNat } from '../own-chains.ts';
import type { BaseChain, ForeignRules } from './foreign-rules.ts';

/** Ours would be the newest, and so the first of their priority. */
const NEWEST = Number.POSITIVE_INFINITY;

/** As it would be once our chains are there, to tell before that who would come first all the same. */
export function asIfOurs(others: ForeignRules, dialect: Dialect): ForeignRules {
	const { isOwn, nameOf, priority } = ownNat[dialect];
	const legacy = Object.fromEntries(families.map((family) => [family, NEWEST]));
	const missing = (['prerouting', 'output'] as const).flatMap((hook) =>
		families.flatMap((family): BaseChain[] => {
			const name = nameOf(family, hook);
			const isThere = others.chains.some((chain) => isOwn(chain, hook) && chain.family === name?.family);
			return name === undefined || isThere
				? []
				: [{ ...name, hook, priority, type: 'nat', dropsRest: false, rules: 0, seen: NEWEST }];
		}),
	);
	return {
		...others,
		chains: [...others.chains, ...missing],
		legacyNat: dialect === 'iptables-legacy' ? { ...legacy, ...others.legacyNat } : others.legacyNat,
	};
}
