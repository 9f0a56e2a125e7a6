import type { Listener } from '../connections/connections.ts';
import { Failure } from '../failure.ts';
import type { Dialect, Firewall } from '../firewall/firewall.ts';
import type { Routing } from '../routing/routing.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Unit, UnitCgroup } from '../values/unit-name.ts';

/** What interception changes: the rules of each installed dialect, and the kernel's policy routing. */
export interface Host {
	readonly firewalls: readonly Firewall[];
	readonly routing: Routing;
}

/** What `backend: auto`, or a person, has chosen, and why. */
export interface BackendChoice {
	readonly name: Dialect;
	readonly why: string;
}

/** An earlier choice, which holds as long as it is installed; `anew`: as if nothing of ours were there. */
export type FormerChoice = BackendChoice | 'anew' | undefined;

/** IPv6 in this network namespace. */
export interface Ipv6Fact {
	/** It has a global address. */
	readonly hasAddress: boolean;
	/** Why IPv6 cannot be captured; '' where it can. */
	readonly obstacle: string;
	/** IPv6 rules are possible, captured or not. */
	readonly hasRules: boolean;
}

/** Settings of this network namespace's kernel that the rules depend on (tcp(7), ip(7)). */
export type KernelFacts = Pick<Capture, 'hasOnlyCookies' | 'callerPorts' | 'filtersBridges'>;

/** What keeps settings from being used on this host. */
export interface Obstacle {
	readonly why: string;
	readonly remedy: string;
}

/** Facts that settings are checked against; each call reads the host anew and changes nothing. */
export interface HostFacts {
	readonly kernel: () => KernelFacts;
	readonly ipv6: (dialect: Dialect) => Ipv6Fact;
	/** Why rules of iptables cannot look up long lists in sets; '' where they can. The kernel may load modules for it. */
	readonly setObstacle: () => Promise<string>;
	/** Why rules of this dialect cannot tell cgroups apart; undefined where they can. */
	readonly cgroupObstacle: (dialect: Dialect, signal: AbortSignal) => Promise<Obstacle | undefined>;
	/** The cgroups of those of these units that are there. */
	readonly cgroups: (units: readonly Unit[]) => readonly UnitCgroup[];
	readonly listeners: () => Promise<readonly Listener[]>;
	readonly chooseBackend: (former: FormerChoice, signal: AbortSignal) => Promise<BackendChoice>;
}

/** A host with its facts. */
export interface FactualHost extends Host {
	readonly facts: HostFacts;
	/** The same host, once it is known which dialect is used. A Failure if that is not installed. */
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
