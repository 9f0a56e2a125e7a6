import { execFile } from 'node:child_process';
import type { ServiceManager } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { findProgram } from '../iptables/programs.ts';

/** A busy machine may take its time; one that takes longer ends us by its watchdog anyway. */
const TELL_TIMEOUT_MS = 20_000;

/**
 * systemd, where it has started us and waits for word (sd_notify(3)); its variables are taken out of `env`, so that
 * nobody whom we start takes them for his own. Node has no datagrams of AF_UNIX: systemd's own program sends them, and
 * stays until systemd has read them. Without CAP_SYS_ADMIN they bear its pid and not ours (`NotifyAccess=all`).
 */
export function openServiceManager(env: NodeJS.ProcessEnv): ServiceManager | undefined {
	const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds } = env;
	for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
	if (socket === undefined) return undefined;
	const program = findProgram('systemd-notify');
	if (program === undefined) throw new Failure('tools', 'Cannot tell systemd: there is no systemd-notify', REMEDY);
	const patienceMs = Number(microseconds) / 1_000;
	return { notify: (words) => send(program, words, socket), ...(patienceMs > 0 ? { patienceMs } : {}) };
}

const REMEDY = 'Install it, or let the unit be of Type=exec without WatchdogSec';

function send(program: string, words: readonly string[], socket: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const options = { env: { NOTIFY_SOCKET: socket }, timeout: TELL_TIMEOUT_MS };
		execFile(program, words, options, (error, _, stderr) => {
			if (error === null) resolve();
			else reject(new Failure('internal', `Cannot tell systemd: ${oneLine(stderr) || error.message}`, REMEDY, error));
		});
	});
}

/** Whether systemd has been asked to start or stop the unit, or is about to do so; what `systemctl list-jobs` shows. */
export function hasJob(unit: string): Promise<boolean> {
	return new Promise((resolve, reject) => {
		const program = findProgram('systemctl') ?? 'systemctl';
		execFile(program, ['show', '--property=Job', '--value', '--', unit], (error, stdout, stderr) => {
			if (error === null) resolve(Number(stdout) > 0);
			else reject(new Failure('internal', `Cannot ask systemd: ${oneLine(stderr) || error.message}`, REMEDY, error));
		});
	});
}
