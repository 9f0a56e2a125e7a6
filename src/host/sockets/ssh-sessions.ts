import { networkInterfaces } from 'node:os';
import type { OpenConnection } from '../../connections/connections.ts';
import { commOf, parentOf, pids, socketsOf } from './procfs.ts';
import { createConnections } from './socket-connections.ts';

/** Programs that let people in over TCP, by the names that the kernel has for them; OpenSSH is several since 9.8. */
const SERVERS: readonly string[] = ['sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'tinysshd'];

/** Connections that people are logged in over, as far as we may look: root sees all, others none but their own. */
export interface OpenSessions {
	/** What holds them has started us. */
	readonly own: readonly OpenConnection[];
	/** The same where that has called: an agent of SSM, or of a pipeline. */
	readonly called: readonly OpenConnection[];
	/** Those that a server holds, ours among them: tmux, screen and systemd are nobody's children. */
	readonly all: readonly OpenConnection[];
}

export const noSessions: OpenSessions = { own: [], called: [], all: [] };

export async function readOpenSessions(): Promise<OpenSessions> {
	const above = new Set(ancestors().flatMap(socketsOf));
	const held = new Set(pids().flatMap((pid) => (SERVERS.includes(commOf(pid)) ? socketsOf(pid) : [])));
	if (above.size + held.size === 0) return noSessions;
	// What stays within the host is never captured.
	const open = (await createConnections().open()).filter(({ isHostLocal }) => !isHostLocal);
	const carrying = open.filter(({ inode }) => above.has(inode));
	return {
		own: carrying.filter(({ isAccepted }) => isAccepted),
		called: carrying.filter(({ isAccepted }) => !isAccepted),
		all: open.filter(({ inode, isAccepted }) => isAccepted && held.has(inode)),
	};
}

function ancestors(): string[] {
	const found: string[] = [];
	for (let pid = parentOf(process.pid); pid !== undefined && pid > 1; pid = parentOf(pid)) found.push(String(pid));
	return found;
}

/** As sshd(8) has it in SSH_CONNECTION: the other end's address and port, and ours; link-local ones with their zone. */
export function sessionText({ local, remote }: OpenConnection): string {
	const zone = local.address.startsWith('fe80:') ? zoneOf(local.address) : '';
	return `${remote.address}${zone} ${remote.port} ${local.address}${zone} ${local.port}`;
}

/** A link-local address is one of an interface. */
function zoneOf(address: string): string {
	const [name] =
		Object.entries(networkInterfaces()).find(([, all = []]) => all.some((one) => one.address === address)) ?? [];
	return name === undefined ? '' : `%${name}`;
}
