import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { families } from '../units.ts';
import { readListening } from './sock-diag.ts';

/**
 * Two processes listen on the same ports (SO_REUSEPORT), and one of them closes its listeners. What has not been accepted
 * then would be refused; with this the kernel moves it over to the other (ip-sysctl: tcp_migrate_req, Linux 5.14).
 */
const MIGRATE = '/proc/sys/net/ipv4/tcp_migrate_req';
const PATIENCE_MS = 2_000;
const POLL_MS = 20;

/** Called while only the former listens. */
export async function createHandOver(ports: readonly number[]) {
	const former = await listening(ports);
	return {
		async finish(letGo: () => Promise<void>): Promise<void> {
			const restore = migrate();
			try {
				await letGo();
				const deadline = performance.now() + PATIENCE_MS;
				while (performance.now() < deadline && isAnyOf(former, await listening(ports))) await sleep(POLL_MS);
			} finally {
				restore();
			}
		},
	};
}

async function listening(ports: readonly number[]): Promise<ReadonlySet<string>> {
	const sockets = await Promise.all(families.map(readListening));
	return new Set(sockets.flat().flatMap(({ port, inode }) => (ports.includes(port) ? [inode] : [])));
}

const isAnyOf = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
	[...some].some((inode) => all.has(inode));

/** An older kernel has no such switch, and in a container it may be out of reach. */
function migrate(): () => void {
	try {
		const before = readFileSync(MIGRATE, 'utf8');
		if (before.trim() === '1') return () => undefined;
		writeFileSync(MIGRATE, '1');
		return () => writeFileSync(MIGRATE, before);
	} catch {
		return () => undefined;
	}
}
