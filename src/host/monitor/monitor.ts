import { Protocol } from 'netlink/dist/constants.js';
import type { Ear, Interest, Notice } from '../../daemon/change-monitor.ts';
import { messagesOf } from '../netlink/messages.ts';
import { type Ears, listen } from '../netlink/subscribe.ts';
import { commOf, parentOf, programOf } from '../sockets/procfs.ts';
import { ROUTE_GROUPS, routeSubject } from './route-changes.ts';
import { createRuleReader, type Touched, type Writer } from './rule-changes.ts';

/** NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h). */
const NFTABLES_GROUP = 7;
/**
 * Calls back whenever somebody changes what may concern us, until the signal is aborted. Legacy iptables tells nobody what
 * it does. Says whether the kernel lets us listen at the moment: it does not where this network belongs to another user
 * namespace.
 */
export function hear({ chains, routeTable }: Interest, { onNotice, onLost }: Ear, signal: AbortSignal): () => boolean {
	const rules = createRuleReader(chains);
	const onRules = (of: Touched, writer: Writer) =>
		onNotice({ subject: of === 'order' ? of : `${of} rules`, ...whoIs(writer) });
	const ears: Ears = {
		onMessages: (bytes) => rules.take(messagesOf(bytes), onRules),
		onLost: () => onLost('rules'),
	};
	const hearsRules = listen(Protocol.NETFILTER, [NFTABLES_GROUP], ears, signal);
	const routeEars: Ears = {
		onMessages(bytes) {
			for (const message of messagesOf(bytes)) {
				const subject = routeSubject(message, routeTable());
				if (subject !== undefined) onNotice({ subject, ...nobody });
			}
		},
		onLost: () => onLost('routes'),
	};
	const hearsRoutes = listen(Protocol.ROUTE, ROUTE_GROUPS, routeEars, signal);
	return () => hearsRules() && hearsRoutes();
}

type Who = Pick<Notice, 'by' | 'isOwn'>;
const nobody: Who = { by: '', isOwn: false };

function whoIs({ pid, name }: Writer): Who {
	if (pid === 0) return nobody;
	const parent = parentOf(pid);
	if (parent === process.pid) return { by: '', isOwn: true };
	const above = parent === undefined ? '' : programOf(parent);
	const writer = commOf(pid) === name ? programOf(pid) : name;
	return { by: `${writer} (pid ${pid})${above === '' ? '' : `, started by ${above} (pid ${parent})`}`, isOwn: false };
}
