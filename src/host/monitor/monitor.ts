import { Protocol } from 'netlink/dist/constants.js';
import type { ChangeEvent, ChangeHandlers, WatchFilter } from '../../daemon/change-monitor.ts';
import type { ChainNames } from '../../firewall/firewall.ts';
import { messagesOf } from '../netlink/messages.ts';
import { type Handlers, subscribe } from '../netlink/subscribe.ts';
import { commOf, parentOf, programOf } from '../sockets/procfs.ts';
import { ROUTE_GROUPS, routeSubject } from './route-changes.ts';
import { createRuleChangeReader, type Touched, type Writer } from './rule-changes.ts';

/** NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h). */
const NFTABLES_GROUP = 7;
/**
 * Calls back whenever somebody changes what may concern us, until the signal is aborted. Legacy iptables tells nobody what
 * it does. Says whether the kernel lets us listen at the moment: it does not where this network belongs to another user
 * namespace.
 */
export function monitor(
	chains: ChainNames,
	{ routeTable }: WatchFilter,
	{ onChange, onLost }: ChangeHandlers,
	signal: AbortSignal,
): () => boolean {
	const rules = createRuleChangeReader(chains);
	const onRules = (of: Touched, writer: Writer) =>
		onChange({ subject: of === 'order' ? of : `${of} rules`, ...writerOf(writer) });
	const ears: Handlers = {
		onMessages: (bytes) => rules.take(messagesOf(bytes), onRules),
		onLost: () => onLost('rules'),
	};
	const hearsRules = subscribe(Protocol.NETFILTER, [NFTABLES_GROUP], ears, signal);
	const routeEars: Handlers = {
		onMessages(bytes) {
			for (const message of messagesOf(bytes)) {
				const subject = routeSubject(message, routeTable());
				if (subject !== undefined) onChange({ subject, ...nobody });
			}
		},
		onLost: () => onLost('routes'),
	};
	const hearsRoutes = subscribe(Protocol.ROUTE, ROUTE_GROUPS, routeEars, signal);
	return () => hearsRules() && hearsRoutes();
}

type Who = Pick<ChangeEvent, 'by' | 'isOwn'>;
const nobody: Who = { by: '', isOwn: false };

function writerOf({ pid, name }: Writer): Who {
	if (pid === 0) return nobody;
	const parent = parentOf(pid);
	if (parent === process.pid) return { by: '', isOwn: true };
	const above = parent === undefined ? '' : programOf(parent);
	const writer = commOf(pid) === name ? programOf(pid) : name;
	return { by: `${writer} (pid ${pid})${above === '' ? '' : `, started by ${above} (pid ${parent})`}`, isOwn: false };
}
