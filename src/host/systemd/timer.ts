import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { RollbackTimer } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { findProgram } from '../process/find-program.ts';
import type { Run } from '../process/runner.ts';
import { ownProgram } from '../process/self.ts';
import { readText } from '../sockets/procfs.ts';

/** Exists where systemd runs this host (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';
const TIMEOUT_MS = 10_000;

/**
 * On a host with systemd, a transient timer unit, as whatever a service has started otherwise ends with the service.
 * Elsewhere a process in a session of its own that waits.
 */
export function createRollbackTimer(run: Run): RollbackTimer {
	const program = existsSync(SYSTEMD) ? findProgram('systemd-run') : undefined;
	return program === undefined ? processTimer : systemdTimer(program, run);
}

const systemdTimer = (program: string, run: Run): RollbackTimer => ({
	async set(seconds, args) {
		const unit = `turnout-confirm-${process.pid}-${Date.now()}`;
		const at = [`--on-active=${seconds}s`, '--timer-property=AccuracySec=100ms'];
		const about = ['--collect', '--quiet', '--description=turnout: back to what was before, unless confirmed'];
		const words = [...at, ...about, `--unit=${unit}`, '--', ...ownProgram(), ...args];
		const { code, stderr } = await run(program, words, {}, AbortSignal.timeout(TIMEOUT_MS));
		if (code === 0) return unit;
		throw new Failure('confirm', `Cannot set a timer with systemd: ${oneLine(stderr)}`, 'Enable without --confirm');
	},
	async cancel(unit) {
		const systemctl = findProgram('systemctl') ?? 'systemctl';
		await run(systemctl, ['stop', `${unit}.timer`], {}, AbortSignal.timeout(TIMEOUT_MS));
	},
});

const processTimer: RollbackTimer = {
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
		if (!isOurTimer(id)) return;
		try {
			process.kill(Number(id), 'SIGTERM');
		} catch {
			// It has ended already.
		}
	},
};

/** After a reboot the pid may be another process's. */
function isOurTimer(id: string): boolean {
	const words = /^\d+$/.test(id) ? readText(`/proc/${id}/cmdline`).split('\0') : [];
	return ['revert', '--until', '--after'].every((word) => words.includes(word));
}
