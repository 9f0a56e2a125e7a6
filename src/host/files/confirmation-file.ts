import { readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { ConfirmationFile, PendingConfirmation } from '../../daemon/stores.ts';
import { writeOrFail } from './state-file.ts';

/** A moment by a clock that nobody can set. */
interface Moment {
	/** The id of this boot (random(4)). */
	readonly boot: string;
	/** Seconds since boot. */
	readonly uptime: number;
	/** Seconds until then, at the time of writing. */
	readonly seconds: number;
}

/**
 * The change that waits for `turnout confirm`, in a file beside the state. The wall clock may be set meanwhile: `until` is
 * corrected to what it will show at the deadline. After a reboot the time left is never longer than it was at first.
 */
export function createConfirmationFile(directory: string): ConfirmationFile {
	const path = join(directory, 'confirm.json');
	return {
		read(only) {
			try {
				const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
				const pending = pendingOf(value);
				if (pending === undefined) return undefined;
				const until = untilNow(pending.until, (value as { end?: Moment }).end);
				return [undefined, pending.until, until].includes(only) ? { ...pending, until } : undefined;
			} catch {
				return undefined;
			}
		},
		write: (pending) => {
			const seconds = (Date.parse(pending.until) - Date.now()) / 1_000;
			const end: Moment = { boot: bootId(), uptime: uptime() + seconds, seconds };
			writeOrFail(path, `${JSON.stringify({ ...pending, end })}\n`, 0o600);
		},
		remove: () => rmSync(path, { force: true }),
	};
}

/** The two clocks are not read at the same time, and NTP slews one of them. */
const TOLERANCE_MS = 1_000;

function untilNow(until: string, end: Moment | undefined): string {
	if (end === undefined) return until;
	const saidMs = Date.parse(until);
	const isSameBoot = end.boot === bootId();
	const untilMs = Date.now() + (isSameBoot ? end.uptime - uptime() : end.seconds) * 1_000;
	const isRight = isSameBoot ? Math.abs(untilMs - saidMs) < TOLERANCE_MS : saidMs <= untilMs;
	return isRight ? until : new Date(untilMs).toISOString();
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Undefined for anything that we would not write. */
function pendingOf(value: unknown): PendingConfirmation | undefined {
	const { until, before, saved, hadRoutes, ports, alarm } = (value ?? {}) as Partial<PendingConfirmation>;
	const isWhole =
		typeof until === 'string' &&
		!Number.isNaN(Date.parse(until)) &&
		(before?.wanted === 'enabled' || before?.wanted === 'disabled') &&
		typeof saved === 'object' &&
		typeof hadRoutes === 'boolean' &&
		Array.isArray(ports) &&
		typeof alarm === 'string';
	return isWhole ? (value as PendingConfirmation) : undefined;
}
