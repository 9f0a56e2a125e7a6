import { Failure } from '../failure.ts';
import type { Backends } from '../firewall/backends.ts';
import type { Dialect, Firewall } from '../firewall/firewall.ts';
import type { ForeignRulesReader } from '../firewall/foreign/foreign-rules.ts';
import type { IptablesProgram } from '../firewall/iptables/iptables-program.ts';
import type { FactualHost } from '../reconcile/host.ts';
import type { Routing } from '../routing/routing.ts';
import { mayChangeNetwork } from './capabilities.ts';
import { readCgroupObstacle } from './cgroups/cgroup-obstacle.ts';
import { findCgroups } from './cgroups/find-cgroups.ts';
import { type Candidates, chooseBackend } from './iptables/choose-backend.ts';
import { createForeignRulesReader } from './iptables/foreign-reader.ts';
import { createSavedReader, type ReadSaved, savedReaderOf } from './iptables/foreign-texts.ts';
import { createRuleReaders } from './iptables/kernel-rules.ts';
import { createSetProgram } from './iptables/kernel-sets.ts';
import { readRaw } from './iptables/listing.ts';
import { findTools, type HostTools, INSTALL, missingTools } from './iptables/programs.ts';
import { readOnce } from './iptables/read-once.ts';
import { withRuleCache } from './iptables/rule-cache.ts';
import { createIptablesProgram, noPrivilege } from './iptables/save-restore.ts';
import { readSetObstacle } from './iptables/set-support.ts';
import { tolerateOthers } from './iptables/tolerate-others.ts';
import { readIpv6 } from './ipv6.ts';
import { createRouting } from './netlink/kernel-routing.ts';
import { createNftProgram } from './nft/nft-commands.ts';
import { readNftTables } from './nft/other-tables.ts';
import { findProgram } from './process/find-program.ts';
import { readListeners } from './sockets/listeners.ts';
import { readKernelFacts } from './sysctls.ts';

export interface OpenHost extends FactualHost {
	/** What a person asks to see, as the tools print it. */
	readonly raw: (dialect: Dialect, routeTable: number) => Promise<string>;
	readonly createForeignRulesReader: () => ForeignRulesReader;
	readonly using: (dialect: Dialect) => OpenHost;
	/** The same host for a daemon, which reads the same rules again and again: over netlink where the dialect allows. */
	readonly withRuleCache: () => OpenHost;
}

/**
 * The host's firewalls and routing. A Failure if this process may not change them, or none is installed. `isDaemon`: it reads
 * anew each time; a command takes what it has just read.
 */
export async function openHost(
	{ iptables, nft }: Backends,
	signal: AbortSignal,
	{ isDaemon = false }: { readonly isDaemon?: boolean } = {},
): Promise<OpenHost> {
	if (!mayChangeNetwork()) throw noPrivilege();
	const tools = { iptables: await findTools(signal), nft: findProgram('nft') };
	if (tools.iptables.length === 0 && tools.nft === undefined) throw missingTools();
	const sets = createSetProgram(iptables.setNames);
	const bare = tools.iptables.map((each) => createIptablesProgram(each, iptables.ownChains, sets));
	const programs = isDaemon ? bare : bare.map((each) => readOnce(each, signal));
	const nftFirewalls = tools.nft === undefined ? [] : [nft.createFirewall(createNftProgram(tools.nft, nft.table))];
	// A backend is chosen by the rules of others too, which the cache leaves out.
	const candidates = {
		programs,
		nft: tools.nft === undefined ? undefined : { ownTable: nft.table, tables: readNftTables },
	};
	const readSaved = createSavedReader(tools.iptables);
	return hostOf({
		...{ ownTable: nft.table, tools, iptables, programs, nftFirewalls, candidates, routing: createRouting() },
		readSaved: isDaemon ? readSaved : savedReaderOf(programs, readSaved),
	});
}

interface Parts extends Pick<Backends, 'iptables'> {
	/** Of nft, `inet turnout`. */
	readonly ownTable: string;
	readonly tools: HostTools;
	readonly programs: readonly IptablesProgram[];
	readonly nftFirewalls: readonly Firewall[];
	readonly candidates: Candidates;
	readonly readSaved: ReadSaved;
	readonly routing: Routing;
}

function hostOf(parts: Parts): OpenHost {
	const { ownTable, tools, iptables, programs, nftFirewalls, candidates, readSaved, routing } = parts;
	const { ownChains, createFirewall } = iptables;
	const cached = (program: IptablesProgram) => withRuleCache(program, createRuleReaders(ownChains));
	return {
		routing,
		raw: (dialect, routeTable) => readRaw(tools, { dialect, routeTable, ownTable }),
		createForeignRulesReader: () => createForeignRulesReader(readSaved, ownTable),
		firewalls: [...programs.map(createFirewall), ...nftFirewalls],
		facts: {
			kernel: readKernelFacts,
			ipv6: (dialect) => readIpv6(lackOfIpv6(tools, dialect)),
			setObstacle: readSetObstacle,
			cgroupObstacle: (dialect, signal) => readCgroupObstacle(dialect, tools.nft, signal),
			cgroups: findCgroups,
			listeners: readListeners,
			chooseBackend: (former, signal) => chooseBackend(candidates, former, signal),
		},
		using(dialect) {
			requireDialect(tools, dialect);
			return hostOf({ ...parts, programs: tolerateOthers(programs, dialect) });
		},
		withRuleCache: () => hostOf({ ...parts, programs: programs.map(cached) }),
	};
}

/** What is missing for rules of IPv6; '' where nothing is. */
const lackOfIpv6 = ({ iptables }: HostTools, dialect: Dialect): string =>
	dialect === 'nft' || iptables.find((each) => each.dialect === dialect)?.ipv6 !== undefined
		? ''
		: 'ip6tables is not installed';

function requireDialect({ iptables, nft }: HostTools, dialect: Dialect): void {
	const usable = [
		...iptables.filter(({ ipv4 }) => ipv4 !== undefined).map((each) => each.dialect),
		...(nft === undefined ? [] : ['nft']),
	];
	if (usable.includes(dialect)) return;
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
