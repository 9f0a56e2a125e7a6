import { networkInterfaces } from 'node:os';
import type { OpenConnection } from '../../connections/connections.ts';
import { commOf, parentOf, pids, socketsOf } from './procfs.ts';
import { createConnections } from './socket-connections.ts';

/** Remote login servers by their process names; OpenSSH has several programs since 9.8. */
const SERVERS: readonly string[] = ['sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'tinysshd'];

/** Connections of login sessions, as far as we can see them: root sees all, others only their own. */
export interface OpenSessions {
	/** Accepted ones, held by an ancestor of this process. */
	readonly own: readonly OpenConnection[];
	/** Outgoing ones, held by an ancestor: an agent of SSM or of a CI pipeline. */
	readonly called: readonly OpenConnection[];
	/** All that a login server holds, as with tmux, screen or systemd no ancestor holds ours. */
	readonly all: readonly OpenConnection[];
}

export const noSessions: OpenSessions = { own: [], called: [], all: [] };

export async function readOpenSessions(): Promise<OpenSessions> {
	const above = new Set(ancestors().flatMap(socketsOf));
	const held = new Set(pids().flatMap((pid) => (SERVERS.includes(commOf(pid)) ? socketsOf(pid) : [])));
	if (above.size + held.size === 0) return noSessions;
	// Connections within the host are never captured.
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

/** In the form of sshd(8)'s SSH_CONNECTION: remote address and port, local address and port; link-local with zone. */
export function sessionText({ local, remote }: OpenConnection): string {
	const zone = local.address.startsWith('fe80:') ? zoneOf(local.address) : '';
	return `${remote.address}${zone} ${remote.port} ${local.address}${zone} ${local.port}`;
}

/** A link-local address is valid on its interface only. */
function zoneOf(address: string): string {
	const [name] =
		Object.entries(networkInterfaces()).find(([, all = []]) => all.some((one) => one.address === address)) ?? [];
	return name === undefined ? '' : `%${name}`;
}
