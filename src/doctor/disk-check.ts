import { type Finding, failure, warning, well } from './finding.ts';

export interface DiskFacts {
	readonly directory: string;
	readonly freeBytes: number;
	/** Files that can still be made; undefined: its file system has no limit. */
	readonly freeFiles: number | undefined;
	readonly isReadOnly: boolean;
}

interface WhoNeeds {
	/** A daemon, which keeps its state there; nothing else does. */
	readonly isRunning: boolean;
}

/** State, bootstraps and what Envoy accepted last take far less. */
const LITTLE_BYTES = 64 * 1024 * 1024;
const NONE_BYTES = 1024 * 1024;
const MEGABYTE = 1024 * 1024;

export function diskFindings({
	directory,
	freeBytes,
	freeFiles,
	isReadOnly,
	isRunning,
}: DiskFacts & WhoNeeds): Finding[] {
	const of = `the file system of ${directory} (stateDirectory)`;
	if (isReadOnly) {
		const told = isRunning ? failure : warning;
		return [told('disk', `${of} is read-only: a daemon can keep no state`, `Mount it writable, or ${ELSEWHERE}`)];
	}
	if (freeFiles === 0) return [failure('disk', `${of} can hold no more files`, `Remove some files, or ${ELSEWHERE}`)];
	const megabytes = Math.floor(freeBytes / MEGABYTE);
	if (freeBytes < NONE_BYTES) return [failure('disk', `${of} is full`, `Free some space, or ${ELSEWHERE}`)];
	if (freeBytes < LITTLE_BYTES)
		return [warning('disk', `${of} has ${megabytes} MB left`, `Free some space, or ${ELSEWHERE}`)];
	return [well('disk', `${megabytes} MB left for ${directory}`)];
}

const ELSEWHERE = 'set stateDirectory (TURNOUT_STATE_DIRECTORY) to another folder';
