import type { Listener } from '../connections/connections.ts';
import { Failure } from '../failure.ts';
import type { Dialect, Firewall } from '../firewall/firewall.ts';
import type { Routing } from '../routing/routing.ts';
import type { Capture } from '../ruleset/capture.ts';

/** The part of the world that interception is made of: every dialect that is installed, and the kernel's routing. */
export interface Host {
	readonly firewalls: readonly Firewall[];
	readonly routing: Routing;
}

/** What `backend: auto` decides by. */
export interface BackendChoice {
	readonly name: Dialect;
	readonly why: string;
}

/** What IPv6 is in this network namespace. */
export interface Ipv6Fact {
	/** This network namespace has an IPv6 address that others could reach or that reaches others. */
	readonly hasAddress: boolean;
	/** Why its traffic cannot be captured; '' where it can. */
	readonly obstacle: string;
	/** There can be rules for it, captured or not. */
	readonly hasRules: boolean;
}

/** What the rules have to know of this network namespace's kernel (tcp(7), ip(7)). */
export type KernelFacts = Pick<Capture, 'hasOnlyCookies' | 'callerPorts'>;

/** What settings are held against; read from the host at each call, which changes nothing. */
export interface HostFacts {
	readonly kernel: () => KernelFacts;
	readonly ipv6: (dialect: Dialect) => Ipv6Fact;
	readonly listeners: () => Promise<readonly Listener[]>;
	/** `former`: what an earlier start chose. */
	readonly chooseBackend: (former: Dialect | undefined, signal: AbortSignal) => Promise<BackendChoice>;
}

/** A host whose facts can be asked for. */
export interface FactualHost extends Host {
	readonly facts: HostFacts;
	/** The same, once it is known which dialect is used. Fails where that is not installed. */
	readonly using: (dialect: Dialect) => FactualHost;
}

/** The firewall of this dialect; a Failure where it is not installed. */
export function firewallOf({ firewalls }: Host, dialect: Dialect): Firewall {
	const found = firewalls.find((firewall) => firewall.dialect === dialect);
	if (found === undefined)
		throw new Failure(
			'tools',
			`Cannot use ${dialect}: it is not installed`,
			'Install it, or set backend (TURNOUT_BACKEND) to auto',
		);
	return found;
}
