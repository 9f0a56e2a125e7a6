import type { Failure } from '../failure.ts';
import type { DefinitionFile } from '../mesh/load-mesh.ts';
import type { Fact } from '../status/conditions.ts';
import type { HubState } from '../xds/hub.ts';
import { changedFiles } from '../xds/offer.ts';

/** What is known of the definitions that Envoy is to have. */
export interface Reported {
	/** Why what was read of them may be out of date. */
	readonly away: Failure | undefined;
	/** Why the definitions on the disk are not in force; '' where they are. */
	readonly trouble: string;
	/** What was pushed last, and accepted last. */
	readonly files: readonly DefinitionFile[];
	readonly acceptedFiles: readonly DefinitionFile[];
	/** Why the last Envoy that asked was refused; '' after one that was not. */
	readonly refusal: string;
}

/** What Envoy has not accepted yet, and why it does not; '' where all is well. */
export function missingOf({ connected, settled }: HubState, { refusal }: Pick<Reported, 'refusal'>): string {
	if (connected > 0) return settled < connected ? 'it has not accepted all of its configuration' : '';
	return refusal === '' ? 'it has not asked for its configuration' : `it asked for its configuration, but ${refusal}`;
}

/** Why Envoy has nothing, as it rejects the first that it was sent; '' otherwise. */
export const rejectedOf = ({ rejection }: HubState): string => (rejection?.isReverted === false ? rejection.why : '');

const REMEDY = 'Mend the definitions; until then Envoy keeps what it has';

export function meshFact({ rejection }: HubState, reported: Reported): Fact {
	const { trouble, away } = reported;
	const subject = 'mesh';
	if (away !== undefined)
		return { subject, ok: false, why: `${away.message}; Envoy keeps what it has`, remedy: away.remedy };
	if (trouble !== '') return { subject, ok: false, why: trouble, remedy: REMEDY };
	if (rejection === undefined) return { subject, ok: true };
	const changed = changedFiles(reported.files, reported.acceptedFiles);
	const why = `Envoy rejects it: ${rejection.why}${changed === '' ? '' : `; changed since what it has: ${changed}`}`;
	return { subject, ok: false, why, remedy: REMEDY };
}
