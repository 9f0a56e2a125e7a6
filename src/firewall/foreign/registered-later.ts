import type { Family } from '../../values/units.ts';
import type { Dialect } from '../firewall.ts';
import { ownNat } from '../own-chains.ts';
import { isOfFamily } from './foreign-rule.ts';
import type { ForeignRules } from './foreign-rules.ts';
import { placeOf } from './overtaking.ts';

/**
 * Whose chain comes before ours only because it was registered later, or may have been: of nat chains of one priority the
 * kernel runs the newest first. Undefined also where our chain cannot be made anew, as it has rules of others.
 */
export function madeLater(
	{ chains, legacyNat }: Pick<ForeignRules, 'chains' | 'legacyNat'>,
	family: Family,
	at: 'PREROUTING' | 'OUTPUT',
	{ dialect, hooks }: { readonly dialect: Dialect; readonly hooks: number },
): string | undefined {
	const hook = at === 'PREROUTING' ? 'prerouting' : 'output';
	const here = chains.filter((chain) => chain.hook === hook && isOfFamily(chain, family));
	const { priority, isOwn } = ownNat[dialect];
	const own = here.find((chain) => isOwn(chain, hook));
	if (own === undefined || own.rules !== hooks || own.dropsRest) return undefined;
	const later = here.find((chain) => {
		return chain !== own && chain.type === 'nat' && chain.priority === priority && chain.seen >= own.seen;
	});
	if (later !== undefined) return placeOf({ ...later, tool: 'nft' });
	return (legacyNat[family] ?? -1) >= own.seen ? 'the table nat of iptables-legacy' : undefined;
}
