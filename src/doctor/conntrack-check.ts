import { conntrackFact } from '../status/conntrack-condition.ts';
import { type Finding, findingOf, warning, well } from './finding.ts';

export interface ConntrackFacts {
	/** Undefined: connections are not tracked yet, as no rule has asked for it. */
	readonly usage: { readonly count: number; readonly most: number } | undefined;
	/** net.netfilter.nf_conntrack_tcp_loose. */
	readonly isLoose: boolean;
}

export function conntrackFindings({ usage, isLoose }: ConntrackFacts): Finding[] {
	if (usage === undefined) return [well('conntrack')];
	const filled = findingOf(conntrackFact(usage), `${usage.count} of ${usage.most} connections`);
	return isLoose ? [filled] : [filled, strict];
}

/** Without it a packet in the middle of a connection is INVALID, and stays so (nf_conntrack-sysctl). */
const strict = warning(
	'conntrack',
	'net.netfilter.nf_conntrack_tcp_loose is 0: a captured connection whose conntrack entry is lost (conntrack -F, idle for days) hangs, as the kernel does not pick it up again',
	'sysctl net.netfilter.nf_conntrack_tcp_loose=1, the default',
);
