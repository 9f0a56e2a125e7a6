import { Protocol } from 'netlink/dist/constants.js';
import type { ChangeEvent, ChangeHandlers, WatchFilter } from '../../daemon/change-monitor.ts';
import type { Backends } from '../../firewall/backends.ts';
import { messagesOf } from '../netlink/messages.ts';
import { type Handlers, subscribe } from '../netlink/subscribe.ts';
import { commOf, parentOf, programOf } from '../sockets/procfs.ts';
import { ROUTE_GROUPS, routeSubject } from './route-changes.ts';
import { createRuleChangeReader, type Touched, type Writer } from './rule-changes.ts';

/** NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h). */
const NFTABLES_GROUP = 7;
/**
 * Reports changes of rules, routes and addresses that may concern us, until the signal is aborted. iptables-legacy sends no
 * notifications. The returned function says whether both subscriptions are active now; they are not where the network
 * namespace belongs to another user namespace.
 */
export function monitor(
	{ iptables, nft }: Backends,
	{ routeTable }: WatchFilter,
	{ onChange, onCommit, onLost }: ChangeHandlers,
	signal: AbortSignal,
): () => boolean {
	const rules = createRuleChangeReader(iptables.ownChains, nft.table);
	const onRules = (of: Touched, writer: Writer) =>
		onChange({ subject: of === 'order' ? of : `${of} rules`, ...writerOf(writer) });
	const ruleHandlers: Handlers = {
		onMessages: (bytes) => rules.take(messagesOf(bytes), onRules, onCommit),
		onLost: () => onLost('rules'),
	};
	const hasRules = subscribe(Protocol.NETFILTER, [NFTABLES_GROUP], ruleHandlers, signal);
	const routeHandlers: Handlers = {
		onMessages(bytes) {
			for (const message of messagesOf(bytes)) {
				const subject = routeSubject(message, routeTable());
				if (subject !== undefined) onChange({ subject, ...unknownOrigin });
			}
		},
		onLost: () => onLost('routes'),
	};
	const hasRoutes = subscribe(Protocol.ROUTE, ROUTE_GROUPS, routeHandlers, signal);
	return () => hasRules() && hasRoutes();
}

type Origin = Pick<ChangeEvent, 'by' | 'isOwn'>;
const unknownOrigin: Origin = { by: '', isOwn: false };

function writerOf({ pid, name }: Writer): Origin {
	if (pid === 0) return unknownOrigin;
	const parent = parentOf(pid);
	if (parent === process.pid) return { by: '', isOwn: true };
	const starter = parent === undefined ? '' : programOf(parent);
	const writer = commOf(pid) === name ? programOf(pid) : name;
	return {
		by: `${writer} (pid ${pid})${starter === '' ? '' : `, started by ${starter} (pid ${parent})`}`,
		isOwn: false,
	};
}
