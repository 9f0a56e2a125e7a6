import { mistakeLine } from '../mesh/mistake-line.ts';
import type { Mistake } from '../mesh/resource.ts';
import { type CheckName, type Finding, failure, warning, well } from './finding.ts';

export interface MeshFacts {
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
	/** Of names that this host has to find. */
	readonly names: readonly Mistake[];
}

export const meshFindings = ({ errors, warnings, names }: MeshFacts): Finding[] => [
	...orWell('mesh', [
		...errors.map((mistake) => failure('mesh', mistakeLine(mistake), MEND)),
		...warnings.map((mistake) => warning('mesh', mistakeLine(mistake), MEND)),
	]),
	...orWell(
		'names',
		names.map((mistake) => warning('names', mistakeLine(mistake), NAMES)),
	),
];

const MEND = 'turnout mesh check has all of them';
const NAMES = 'getent ahosts NAME says what programs of this host are told';

const orWell = (check: CheckName, findings: readonly Finding[]): readonly Finding[] =>
	findings.length === 0 ? [well(check)] : findings;
