import { matchesWildcard } from './wildcard.ts';

/** `Action` or `NotAction`, `Resource` or `NotResource`. */
export interface Patterns {
	readonly patterns: readonly string[];
	/** It is meant to match what no pattern matches. */
	readonly isNegated: boolean;
}

export interface Statement {
	/** The policy that it stands in. */
	readonly policy: string;
	/** Counted from 1. */
	readonly number: number;
	/** Its `Sid`; '' without one. */
	readonly sid: string;
	readonly effect: 'Allow' | 'Deny';
	readonly actions: Patterns;
	readonly resources: Patterns;
}

export interface Policy {
	readonly name: string;
	readonly statements: readonly Statement[];
}

export interface Decision {
	readonly isAllowed: boolean;
	/** What has decided; undefined: nothing allows it. */
	readonly statement: Statement | undefined;
}

/** A denial wins over whatever allows, and what nothing allows is denied. `resource`: an ARN, `*` for a call without one. */
export function mayDo(policies: readonly Policy[], action: string, resource: string): Decision {
	const applying = policies
		.flatMap(({ statements }) => statements)
		.filter(({ actions, resources }) => covers(actions, action, matchesAction) && covers(resources, resource));
	const denial = applying.find(({ effect }) => effect === 'Deny');
	const statement = denial ?? applying[0];
	return { isAllowed: statement?.effect === 'Allow', statement };
}

const covers = ({ patterns, isNegated }: Patterns, text: string, matches = matchesWildcard): boolean =>
	patterns.some((pattern) => matches(pattern, text)) !== isNegated;

/** Actions are written in capital or small letters, resources as they are called. */
export const matchesAction = (pattern: string, action: string): boolean =>
	matchesWildcard(pattern.toLowerCase(), action.toLowerCase());

export const statementName = ({ policy, number, sid }: Statement): string =>
	`statement ${number}${sid === '' ? '' : ` (${sid})`} of policy ${policy}`;

/** For whoever is denied: nothing of it is a secret to somebody who holds a key. */
export function denialText(user: string, action: string, resource: string, { statement }: Decision): string {
	const why = statement === undefined ? 'no policy of this key allows it' : `${statementName(statement)} denies it`;
	return `User ${user} is not authorized to perform ${action} on ${resource}: ${why}`;
}
