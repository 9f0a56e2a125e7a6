import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { IptablesBackend } from '../firewall/iptables/iptables-firewall.ts';
import type { IptablesProgram } from '../firewall/iptables/iptables-program.ts';
import type { FactualHost } from '../reconcile/host.ts';
import type { Routing } from '../routing/routing.ts';
import { mayChangeNetwork, readIpv6, readKernelFacts } from './facts.ts';
import { chooseBackend } from './iptables/choose-backend.ts';
import { createRuleReaders } from './iptables/kernel-rules.ts';
import { prefetch } from './iptables/prefetch.ts';
import { findTools, INSTALL, type Tools } from './iptables/programs.ts';
import { withRuleCache } from './iptables/rule-cache.ts';
import { createIptablesProgram, noPrivilege } from './iptables/save-restore.ts';
import { tolerateOthers } from './iptables/tolerate-others.ts';
import { createRouting } from './netlink/kernel-routing.ts';
import { readListeners } from './sockets/listeners.ts';

export interface OpenHost extends FactualHost {
	readonly tools: readonly Tools[];
	readonly using: (dialect: Dialect) => OpenHost;
	/** The same host for a daemon, which reads the same rules again and again: over netlink where the dialect allows. */
	readonly withRuleCache: () => OpenHost;
}

/** The host's firewalls and routing. A Failure if this process may not change them. `iptables`: makes firewalls of its programs. */
export async function openHost(iptables: IptablesBackend, signal: AbortSignal): Promise<OpenHost> {
	if (!mayChangeNetwork()) throw noPrivilege();
	const tools = await findTools(signal);
	const programs = tools.map((each) => prefetch(createIptablesProgram(each, iptables.ownChains), signal));
	return hostOf({ tools, iptables, programs, uncached: programs, routing: createRouting() });
}

interface Parts {
	readonly tools: readonly Tools[];
	readonly iptables: IptablesBackend;
	readonly programs: readonly IptablesProgram[];
	/** A backend is chosen by the rules of others too, which the cache leaves out. */
	readonly uncached: readonly IptablesProgram[];
	readonly routing: Routing;
}

function hostOf(parts: Parts): OpenHost {
	const { tools, iptables, programs, uncached, routing } = parts;
	const { ownChains, createFirewall } = iptables;
	const cached = (program: IptablesProgram) => withRuleCache(program, createRuleReaders(ownChains));
	return {
		tools,
		routing,
		firewalls: programs.map(createFirewall),
		facts: {
			kernel: readKernelFacts,
			ipv6: (dialect) => readIpv6(requireDialect(tools, dialect)),
			listeners: readListeners,
			chooseBackend: (former, signal) => chooseBackend(uncached, former, signal),
		},
		using(dialect) {
			requireDialect(tools, dialect);
			return hostOf({ ...parts, programs: tolerateOthers(programs, dialect) });
		},
		withRuleCache: () => hostOf({ ...parts, programs: programs.map(cached) }),
	};
}

export function requireDialect(tools: readonly Tools[], dialect: string): Tools {
	const found = tools.find((each) => each.dialect === dialect);
	if (found?.ipv4 !== undefined) return found;
	const usable = tools.filter(({ ipv4 }) => ipv4 !== undefined).map((each) => each.dialect);
	const why =
		usable.length === 0
			? 'iptables is not installed'
			: `of its programs none is installed, of ${usable.join(' and ')} all are`;
	throw new Failure(
		'tools',
		`Cannot use backend ${dialect}: ${why}`,
		`${INSTALL}, or set backend (TURNOUT_BACKEND) to auto`,
	);
}
