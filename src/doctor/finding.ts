import { type Fact, informational } from '../status/conditions.ts';
import type { Subject } from '../status/types.ts';

/** What status has no condition for. */
type OwnCheck =
	| 'users'
	| 'privileges'
	| 'daemon'
	| 'tools'
	| 'kernel'
	| 'reverse-path'
	| 'names'
	| 'certificates'
	| 'clock'
	| 'disk';

export type CheckName = Subject | OwnCheck;

/** What a check has found. `unknown`: it could not look, and does not guess. */
export type Finding = { readonly check: CheckName } & (
	| { readonly state: 'ok'; readonly note: string }
	| {
			readonly state: 'warning' | 'failure' | 'unknown';
			readonly why: string;
			readonly remedy: string;
	  }
);

/** What somebody would be refused with, as a Failure has it. */
export interface Refusal {
	readonly message: string;
	readonly remedy: string;
}

/** `note`: what was found to be well; '' where that says nothing. */
export const well = (check: CheckName, note = ''): Finding => ({ check, state: 'ok', note });

type Wrong = (check: CheckName, why: string, remedy: string) => Finding;

/** Worth knowing, and no captured connection fails by it now. */
export const warning: Wrong = (check, why, remedy) => ({ check, state: 'warning', why, remedy });
export const failure: Wrong = (check, why, remedy) => ({ check, state: 'failure', why, remedy });
export const unknown: Wrong = (check, why, remedy) => ({ check, state: 'unknown', why, remedy });

/** What is no failure for status is none here. `note`: where it is well. */
export function findingOf(fact: Fact, note = ''): Finding {
	if (fact.ok) return well(fact.subject, note);
	const wrong = informational.includes(fact.subject) ? warning : failure;
	return wrong(fact.subject, fact.why, fact.remedy);
}
