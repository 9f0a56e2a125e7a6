import type { Condition, Subject } from './types.ts';

/** A condition without its time: `keepSince` adds `since`. */
export type Fact =
	| { readonly subject: Subject; readonly ok: true }
	| { readonly subject: Subject; readonly ok: false; readonly why: string; readonly remedy: string };

/** Turns facts into conditions: unchanged ones keep their `since`, changed ones get `now`. */
export function keepSince(before: readonly Condition[], facts: readonly Fact[], now: string): Condition[] {
	return facts.map((fact) => {
		const former = before.find((condition) => condition.subject === fact.subject && sameAs(condition) === sameAs(fact));
		return { ...fact, since: former?.since ?? now };
	});
}

const sameAs = (fact: Fact): string => (fact.ok ? '' : fact.why);

/**
 * Conditions that are reported without being a failure: they do not affect captured traffic (`state`, `admin`, `lists`), follow
 * from the user's own settings (`ipv6`, `syncookies`) or are for the owner of the firewall to judge (`denials`). Missing
 * routes make `is` differ from `wanted`; routes left out because of other programs do not.
 */
export const informational: readonly Subject[] = [
	'settings',
	'routes',
	'ipv6',
	'state',
	'conntrack',
	'syncookies',
	'tracking',
	'lists',
	'admin',
	'denials',
];
