import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pending, PendingFile } from '../ports.ts';
import { writeOrFail } from './state.ts';

/** What waits for `turnout confirm`, in a file of its own beside the state. */
export function createPendingFile(directory: string): PendingFile {
	const path = join(directory, 'confirm.json');
	return {
		read() {
			try {
				return pendingOf(JSON.parse(readFileSync(path, 'utf8')));
			} catch {
				return undefined;
			}
		},
		write: (pending) => writeOrFail(directory, path, `${JSON.stringify(pending)}\n`, 0o600),
		remove: () => rmSync(path, { force: true }),
	};
}

/** Whatever is not as we write it counts as not there. */
function pendingOf(value: unknown): Pending | undefined {
	const { until, before, saved, hadRoutes, ports, alarm } = (value ?? {}) as Partial<Pending>;
	const isWhole =
		typeof until === 'string' &&
		!Number.isNaN(Date.parse(until)) &&
		(before?.wanted === 'enabled' || before?.wanted === 'disabled') &&
		typeof saved === 'object' &&
		typeof hadRoutes === 'boolean' &&
		Array.isArray(ports) &&
		typeof alarm === 'string';
	return isWhole ? (value as Pending) : undefined;
}
