import { type Finding, failure, warning, well } from './finding.ts';

export interface ClockFacts {
	readonly nowMs: number;
	/** When this program was put here. */
	readonly installedMs: number;
	/** Undefined where nothing says. */
	readonly isSynchronized: boolean | undefined;
}

/** Clocks of hosts differ a little. */
const TOLERANCE_MS = 60_000;

/** Certificates, logins and a time to confirm are of no use by a wrong clock. */
export function clockFindings({ nowMs, installedMs, isSynchronized }: ClockFacts): Finding[] {
	const now = new Date(nowMs).toISOString();
	if (nowMs < installedMs - TOLERANCE_MS) {
		const why = `it is ${now}, before turnout was installed (${new Date(installedMs).toISOString()}): certificates and logins may count as not valid yet`;
		return [failure('clock', why, REMEDY)];
	}
	if (isSynchronized === false) return [warning('clock', `it is ${now}, and not synchronised`, REMEDY)];
	const known = isSynchronized === true ? 'synchronised' : 'whether it is synchronised is not to be seen here';
	return [well('clock', `${now}, ${known}`)];
}

const REMEDY = 'Set it: timedatectl set-ntp true, or let chrony do so';
