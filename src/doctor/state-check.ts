import { type Finding, failure, unknown, warning, well } from './finding.ts';

export interface StateFacts {
	readonly directory: string;
	/** Or nothing is there yet. */
	readonly isFolder: boolean;
	/** Undefined: it is not there yet. */
	readonly mode: number | undefined;
	/** This user may not read what is in it. */
	readonly isHidden: boolean;
	/** Why state.json cannot be used; '' where it can, or is not there yet. */
	readonly broken: string;
}

/** What is in the folder is believed: a bootstrap that Envoy is started with, rules that are gone back to. */
const OTHERS_WRITE = 0o022;

export function stateFindings({ directory, isFolder, mode, isHidden, broken }: StateFacts): Finding[] {
	if (!isFolder) return [failure('state', `${directory} is not a folder`, OTHER)];
	if (mode === undefined) return [well('state', `${directory} is made when it is needed`)];
	const found = [
		...((mode & OTHERS_WRITE) === 0 ? [] : [writable(directory, mode)]),
		...(isHidden
			? [unknown('state', `${directory}/state.json may not be read by this user`, 'sudo turnout doctor')]
			: []),
		...(broken === '' ? [] : [unusable(directory, broken)]),
	];
	return found.length === 0 ? [well('state')] : found;
}

const OTHER = 'Set stateDirectory (TURNOUT_STATE_DIRECTORY) to a folder';

const writable = (directory: string, mode: number): Finding =>
	failure(
		'state',
		`users other than its owner may write to ${directory} (mode ${(mode & 0o7777).toString(8)})`,
		`chmod go-w ${directory}`,
	);

const unusable = (directory: string, broken: string): Finding =>
	warning(
		'state',
		`${directory}/state.json cannot be used (${broken}): the next start sets it aside, and the defaults apply`,
		'turnout enable or turnout disable, once it has started',
	);
