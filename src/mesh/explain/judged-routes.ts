import { precedence, type Ranked, type RankedMatch } from '../precedence.ts';
import type { Condition } from './route-conditions.ts';

/** One route of those that a request may take, in the order in which they are tried, and what became of it. */
export interface JudgedRoute<R> {
	readonly route: R;
	/** `later`: another one that comes first takes it. `unknown`: whether it takes it cannot be told here. */
	readonly verdict: 'taken' | 'unmet' | 'later' | 'unknown';
	/** Why it does not take the request; '' if it does. */
	readonly why: string;
}

interface Tried {
	readonly name: string;
	readonly priority: number | undefined;
	readonly kind: { readonly route: { readonly match?: RankedMatch } } | undefined;
}

/** The first whose conditions are all met takes the request. */
export function judgeRoutes<R extends Tried>(
	routes: readonly R[],
	conditionsOf: (route: R) => readonly Condition[],
): JudgedRoute<R>[] {
	let first: R | undefined;
	return routes.map((route): JudgedRoute<R> => {
		const open = conditionsOf(route).filter(({ isMet }) => isMet !== true);
		const unmet = open.filter(({ isMet }) => isMet === false);
		if (unmet.length > 0) return { route, verdict: 'unmet', why: unmet.map(({ why }) => why).join('; ') };
		if (first !== undefined) return { route, verdict: 'later', why: laterWhy(first, route) };
		first = route;
		if (open.length === 0) return { route, verdict: 'taken', why: '' };
		return { route, verdict: 'unknown', why: `it cannot be told whether ${open.map(({ why }) => why).join('; ')}` };
	});
}

function laterWhy(first: Tried, route: Tried): string {
	const { by } = precedence(rankedOf(first), rankedOf(route));
	const priority = first.priority === undefined ? 'none' : String(first.priority);
	const reasons = {
		priority: `its priority ${priority} comes before ${route.priority ?? 'none'}`,
		path: pathReason(rankedOf(first).match),
		conditions: 'it has more conditions',
		name: 'its name comes first, and nothing else tells the two apart',
	};
	return `${first.name} is tried first: ${reasons[by]}`;
}

function pathReason({ path }: RankedMatch): string {
	if (path?.exact !== undefined) return 'it matches a whole path';
	return path?.regex === undefined ? 'it has the longer prefix' : 'it matches paths by a regex';
}

const rankedOf = ({ name, priority, kind }: Tried): Ranked => ({ name, priority, match: kind?.route.match ?? {} });
