import type { Dialect } from '../firewall.ts';
import type { ForeignRules, RuleText } from './foreign-rules.ts';

/**
 * The dialect of others' rules, where they are all in the other one of the kernel's two frameworks: ours would be chosen for
 * that one now. iptables-nft and nft are one framework.
 */
export function rulesElsewhere({ texts }: Pick<ForeignRules, 'texts'>, own: Dialect): Dialect | undefined {
	const among = texts.filter(hasRulesOfOthers).map((text) => (text.kind === 'saved' ? text.dialect : 'nft'));
	const isLegacy = (dialect: Dialect) => dialect === 'iptables-legacy';
	const [first] = among.toSorted();
	return among.some((dialect) => isLegacy(dialect) === isLegacy(own)) ? undefined : first;
}

/** Ours are in tables of iptables too, and bear our names. A command reads them with their counters. */
const hasRulesOfOthers = (text: RuleText): boolean =>
	text.kind === 'nft'
		? text.text !== ''
		: text.text.split('\n').some((line) => /^(\[\d+:\d+\] )?-A /.test(line) && !/APPMESH_|"turnout: /.test(line));
