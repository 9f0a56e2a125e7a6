import type { Condition, Subject } from './types.ts';

/** A fact as it is now; since when it has been so is kept by `carry`. */
export type Fact =
	| { readonly subject: Subject; readonly ok: true }
	| { readonly subject: Subject; readonly ok: false; readonly why: string; readonly remedy: string };

/** What was so before keeps its time; what changed has `now`. */
export function keepSince(before: readonly Condition[], facts: readonly Fact[], now: string): Condition[] {
	return facts.map((fact) => {
		const former = before.find((condition) => condition.subject === fact.subject && sameAs(condition) === sameAs(fact));
		return { ...fact, since: former?.since ?? now };
	});
}

const sameAs = (fact: Fact): string => (fact.ok ? '' : fact.why);
