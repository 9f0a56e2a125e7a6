import { Protocol } from 'netlink/dist/constants.js';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import type { Interest, Notice } from '../../ports.ts';
import { type Family, families } from '../../units.ts';
import { commOf, readText } from '../processes.ts';
import { messagesOf } from './messages.ts';
import { ROUTE_GROUPS, routeSubject } from './routes.ts';
import { createRuleReader, type Writer } from './rules.ts';

/** NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h). */
const NFTABLES_GROUP = 7;
/** What a busy host tells meanwhile must find room; the kernel gives at most net.core.rmem_max. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Calls back whenever somebody changes what may concern us, until the signal is aborted. What the kernel could not keep
 * for us (ENOBUFS) counts as a change of everything. Legacy iptables tells nobody what it does. Says whether the kernel
 * lets us listen at all: it does not where this network belongs to another user namespace.
 */
export function hear(
	{ chains, routeTable }: Interest,
	onNotice: (notice: Notice) => void,
	signal: AbortSignal,
): boolean {
	const rules = createRuleReader(chains);
	const onRules = (family: Family, writer: Writer) => onNotice({ subject: `${family} rules`, ...whoIs(writer) });
	const hearsRules = open(Protocol.NETFILTER, [NFTABLES_GROUP], signal, {
		onMessages: (bytes) => rules.take(messagesOf(bytes), onRules),
		onLost() {
			for (const family of families) onNotice({ subject: `${family} rules`, ...nobody });
		},
	});
	const hearsRoutes = open(Protocol.ROUTE, ROUTE_GROUPS, signal, {
		onMessages(bytes) {
			for (const message of messagesOf(bytes)) {
				const subject = routeSubject(message, routeTable());
				if (subject !== undefined) onNotice({ subject, ...nobody });
			}
		},
		onLost: () => onNotice({ subject: 'addresses', ...nobody }),
	});
	return hearsRules && hearsRoutes;
}

interface Ears {
	readonly onMessages: (bytes: Buffer) => void;
	readonly onLost: () => void;
}

function open(protocol: number, groups: readonly number[], signal: AbortSignal, { onMessages, onLost }: Ears): boolean {
	const socket = new RawNetlinkSocket(protocol, { recvBufferSize: BUFFER_BYTES, sendBufferSize: 0 });
	socket.unref();
	socket.on('message', onMessages).on('truncatedMessage', onLost).on('error', onLost);
	try {
		for (const group of groups) socket.addMembership(group);
	} catch {
		socket.close();
		return false;
	}
	signal.addEventListener('abort', () => socket.close(), { once: true });
	return true;
}

type Who = Pick<Notice, 'by' | 'isOwn'>;
const nobody: Who = { by: '', isOwn: false };

function whoIs({ pid, name }: Writer): Who {
	if (pid === 0) return nobody;
	const parent = parentOf(pid);
	if (parent === process.pid) return { by: '', isOwn: true };
	const above = parent === undefined ? '' : commOf(parent);
	return { by: `${name} (pid ${pid})${above === '' ? '' : `, started by ${above} (pid ${parent})`}`, isOwn: false };
}

/** The fourth field of /proc/PID/stat, counted behind the name, which may hold anything (proc_pid_stat(5)). */
function parentOf(pid: number): number | undefined {
	const stat = readText(`/proc/${pid}/stat`);
	const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
	return parent > 0 ? parent : undefined;
}
