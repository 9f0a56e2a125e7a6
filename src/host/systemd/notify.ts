import type { ServiceManager } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { findProgram } from '../process/find-program.ts';
import type { Finished, Run } from '../process/runner.ts';

/** Generous for a busy machine; systemd's own watchdog ends a daemon that takes longer. */
const TIMEOUT_MS = 20_000;

/**
 * systemd's side of a unit with `Type=notify` (sd_notify(3)); undefined where systemd has not started us. Takes the
 * protocol's variables out of `env`, so that no program that we start takes them for its own. Node has no AF_UNIX
 * datagrams: systemd-notify sends them, and waits until systemd has read them. Without CAP_SYS_ADMIN they bear its pid
 * and not ours, which needs `NotifyAccess=all`.
 */
export function openServiceManager(env: NodeJS.ProcessEnv, run: Run): ServiceManager | undefined {
	const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds } = env;
	for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
	if (socket === undefined) return undefined;
	const program = findProgram('systemd-notify');
	if (program === undefined) throw new Failure('tools', 'Cannot notify systemd: there is no systemd-notify', REMEDY);
	const patienceMs = Number(microseconds) / 1_000;
	const options = { env: { NOTIFY_SOCKET: socket } };
	return {
		async notify(words) {
			await succeed('notify systemd', run(program, words, options, AbortSignal.timeout(TIMEOUT_MS)));
		},
		...(patienceMs > 0 ? { patienceMs } : {}),
	};
}

const REMEDY = 'Install it, or let the unit be of Type=exec without WatchdogSec';

/** Whether systemd is starting or stopping the unit, or is about to: a job that `systemctl list-jobs` shows. */
export async function hasJob(unit: string, run: Run): Promise<boolean> {
	const words = ['show', '--property=Job', '--value', '--', unit];
	const asked = run(findProgram('systemctl') ?? 'systemctl', words, {}, AbortSignal.timeout(TIMEOUT_MS));
	return Number((await succeed('ask systemd', asked)).stdout) > 0;
}

async function succeed(what: string, running: Promise<Finished>): Promise<Finished> {
	const finished = await running.catch((cause: Error) => {
		throw new Failure('internal', `Cannot ${what}: ${cause.message}`, REMEDY, cause);
	});
	const { code, stderr } = finished;
	if (code === 0) return finished;
	throw new Failure('internal', `Cannot ${what}: ${oneLine(stderr) || `exit code ${code}`}`, REMEDY);
}
