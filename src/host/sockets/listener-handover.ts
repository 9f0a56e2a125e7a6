import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListenerHandover } from '../../envoy/runtime.ts';
import { readListening } from '../netlink/sock-diag.ts';

/**
 * While two processes listen on the same ports (SO_REUSEPORT) and one closes its listeners, connections in its accept queue
 * would be reset; with this switch the kernel moves them to the other (ip-sysctl: tcp_migrate_req, Linux 5.14).
 */
const MIGRATE = '/proc/sys/net/ipv4/tcp_migrate_req';
/** For a busy Envoy to close its listeners, before it is asked again. */
const PATIENCE_MS = 1_000;
const POLL_MS = 20;

/** `directory`: for a note of the switch's former value, in case we are killed meanwhile. */
export function createHandOvers(directory: string): (ports: readonly number[]) => Promise<ListenerHandover> {
	const migration = createMigrationSwitch(join(directory, 'tcp_migrate_req'));
	/** Called while only the former process listens. */
	return async (ports) => {
		const former = await listening(ports);
		const isClosed = async (): Promise<boolean> => !isAnyOf(former, await listening(ports));
		return {
			async closeFormer(request, deadline) {
				migration.begin();
				while (!deadline.aborted) {
					await request();
					if (await within(PATIENCE_MS, isClosed)) return;
				}
			},
			end: () => migration.end(),
		};
	};
}

async function within(ms: number, holds: () => Promise<boolean>): Promise<boolean> {
	const deadline = performance.now() + ms;
	while (!(await holds())) {
		if (performance.now() > deadline) return false;
		await sleep(POLL_MS);
	}
	return true;
}

async function listening(ports: readonly number[]): Promise<ReadonlySet<string>> {
	const sockets = await readListening();
	return new Set(sockets.flatMap(({ port, inode }) => (ports.includes(port) ? [inode] : [])));
}

const isAnyOf = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
	[...some].some((inode) => all.has(inode));

/** Switches migration on while somebody needs it, then restores it. Restores what a killed daemon left at once. */
function createMigrationSwitch(notes: string) {
	let users = 0;
	const restore = (): void =>
		quietly(() => {
			writeFileSync(MIGRATE, readFileSync(notes, 'utf8'));
			rmSync(notes);
		});
	restore();
	return {
		begin(): void {
			users += 1;
			if (users > 1) return;
			quietly(() => {
				const before = readFileSync(MIGRATE, 'utf8');
				if (before.trim() === '1') return;
				writeFileSync(notes, before);
				writeFileSync(MIGRATE, '1');
			});
		},
		end(): void {
			users -= 1;
			if (users === 0) restore();
		},
	};
}

/** Older kernels have no such switch, and in a container it may be read-only. */
function quietly(act: () => void): void {
	try {
		act();
	} catch {
		// Then connections in the accept queue are reset, as without the switch.
	}
}
