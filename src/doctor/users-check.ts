import { type Finding, failure, well } from './finding.ts';

/** `unknown`: names of users and groups that this host does not know, each with its setting. `remedy`: where there are any. */
export const usersFindings = (unknown: readonly string[], remedy: string): Finding[] =>
	unknown.length === 0 ? [well('users')] : unknown.map((why) => failure('users', why, remedy));
