// Everything that the lab creates on the machine is named after the pid and start time of its owner, so that what a killed
// owner left can be told from what another running suite uses. Holds within one pid namespace.
import { readFileSync } from 'node:fs';

interface Owner {
	readonly state: string;
	/** In clock ticks since boot: it differs when the pid was reused. */
	readonly start: string;
}

function readOwner(pid: number): Owner | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The program's name comes second, in brackets, and may hold blanks and brackets itself.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		return { state: fields[0] ?? '', start: fields[19] ?? '' };
	} catch {
		return undefined;
	}
}

export const ownName = (role: string): string =>
	`turnout-${process.pid}-${readOwner(process.pid)?.start}-${Math.random().toString(36).slice(2, 7)}-${role}`;

/** False for every name that is not the lab's: those are never touched. */
export function isStale(name: string): boolean {
	const [, pid, start] = /^turnout-(\d+)-(\d+)-/.exec(name) ?? [];
	if (pid === undefined) return false;
	const owner = readOwner(Number(pid));
	return owner === undefined || owner.start !== start || owner.state === 'Z';
}
