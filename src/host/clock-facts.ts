import { existsSync, statSync } from 'node:fs';
import type { ClockFacts } from '../doctor/clock-check.ts';
import { ownProgram } from './process/self.ts';

/** systemd-timesyncd's folder, and the file that it makes once it has the time (systemd-time-wait-sync.service(8)). */
const TIMESYNCD = '/run/systemd/timesync';

export function readClock(): ClockFacts {
	const [, program = ''] = ownProgram();
	return {
		nowMs: Date.now(),
		installedMs: statSync(program).mtimeMs,
		isSynchronized: existsSync(`${TIMESYNCD}/synchronized`) ? true : existsSync(TIMESYNCD) ? false : undefined,
	};
}
