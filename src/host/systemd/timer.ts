import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { RollbackTimer } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { findProgram } from '../iptables/programs.ts';
import { runCommand } from '../process/command.ts';
import { ownProgram } from '../process/self.ts';
import { readText } from '../sockets/procfs.ts';

/** That systemd runs this host (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';
const TIMEOUT_MS = 10_000;

/**
 * Where systemd runs the host, a transient timer of its own: what a service has started otherwise ends with the service.
 * Elsewhere a process of its own session that waits.
 */
export function createRollbackTimer(): RollbackTimer {
	const program = existsSync(SYSTEMD) ? findProgram('systemd-run') : undefined;
	return program === undefined ? processAlarm : systemdAlarm(program);
}

const systemdAlarm = (program: string): RollbackTimer => ({
	async set(seconds, args) {
		const unit = `turnout-confirm-${process.pid}-${Date.now()}`;
		const timing = [`--on-active=${seconds}s`, '--timer-property=AccuracySec=100ms'];
		const about = ['--collect', '--quiet', '--description=turnout: back to what was before, unless confirmed'];
		const started = [...timing, ...about, `--unit=${unit}`, '--', ...ownProgram(), ...args];
		const { code, stderr } = await runCommand(program, started, '', AbortSignal.timeout(TIMEOUT_MS));
		if (code === 0) return unit;
		throw new Failure('confirm', `Cannot set a timer with systemd: ${oneLine(stderr)}`, 'Enable without --confirm');
	},
	async cancel(unit) {
		const systemctl = findProgram('systemctl') ?? 'systemctl';
		await runCommand(systemctl, ['stop', `${unit}.timer`], '', AbortSignal.timeout(TIMEOUT_MS));
	},
});

const processAlarm: RollbackTimer = {
	async set(seconds, args) {
		const [file = '', ...own] = ownProgram();
		const child = spawn(file, [...own, ...args, '--after', String(seconds)], {
			detached: true,
			stdio: 'ignore',
			cwd: '/',
		});
		await new Promise<void>((resolve, reject) => {
			child.once('spawn', resolve).once('error', reject);
		});
		child.unref();
		return String(child.pid);
	},
	async cancel(id) {
		if (!isAlarm(id)) return;
		try {
			process.kill(Number(id), 'SIGTERM');
		} catch {
			// It has ended.
		}
	},
};

/** After a reboot its number is somebody else's. */
function isAlarm(id: string): boolean {
	const words = /^\d+$/.test(id) ? readText(`/proc/${id}/cmdline`).split('\0') : [];
	return ['revert', '--until', '--after'].every((word) => words.includes(word));
}
