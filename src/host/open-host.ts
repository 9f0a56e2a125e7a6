import { Protocol } from 'netlink/dist/constants.js';
import { Failure } from '../failure.ts';
import type { ChainNames, Dialect, Firewall } from '../firewall/firewall.ts';
import type { FactualHost, Host } from '../reconcile/host.ts';
import { families } from '../values/units.ts';
import { mayChangeNetwork, readIpv6, readKernelFacts } from './facts.ts';
import { chooseBackend } from './iptables/choose-backend.ts';
import { createFirewall, noPrivilege } from './iptables/iptables-firewall.ts';
import { findTools, INSTALL, type Tools } from './iptables/programs.ts';
import { createRouting } from './netlink/kernel-routing.ts';
import { openNetlink } from './netlink/open-socket.ts';
import { readGeneration } from './nft/nft-rules.ts';
import { readListeners } from './sockets/listeners.ts';

export interface OpenHost extends FactualHost {
	readonly tools: readonly Tools[];
	readonly using: (dialect: Dialect) => OpenHost;
}

/** The host's firewall and routing, once it is sure that we may change them. `chains`: what of it is told in any case. */
export async function openHost(chains: ChainNames, signal: AbortSignal): Promise<OpenHost> {
	if (!mayChangeNetwork()) throw noPrivilege();
	const tools = await findTools(signal);
	const firewalls = tools.map((each) => prefetch(createFirewall(each, chains), signal));
	return hostOf({ tools, firewalls, routing: createRouting() });
}

/** `facts` look at what is installed. */
function hostOf(parts: Host & Pick<OpenHost, 'tools'>): OpenHost {
	return {
		...parts,
		facts: {
			kernel: readKernelFacts,
			ipv6: (dialect) => readIpv6(requireDialect(parts.tools, dialect)),
			listeners: readListeners,
			chooseBackend: (former, signal) => chooseBackend(parts.firewalls, former, signal),
		},
		using: (dialect) => hostOf({ ...parts, firewalls: tolerateOthers(parts, dialect) }),
	};
}

/** Starts reading at once what will be asked for first, while everything else is still being looked at. */
function prefetch(firewall: Firewall, signal: AbortSignal): Firewall {
	const isUnchanged = watchRules(firewall.dialect);
	const ahead = new Map(families.map((family) => [family, firewall.read(family, signal)]));
	// Whoever asks is told of a failure; nobody may ask.
	for (const reading of ahead.values()) reading.catch(() => undefined);
	return {
		...firewall,
		async read(family, askedBy) {
			const first = ahead.get(family);
			ahead.delete(family);
			return first !== undefined && (await isUnchanged()) ? first : firewall.read(family, askedBy);
		},
	};
}

/** iptables-legacy does not say whether somebody has changed rules: what was read longer ago is no answer. */
const AHEAD_MS = 500;

/** Says later whether the rules are what they were. */
function watchRules(dialect: Dialect): () => Promise<boolean> {
	const begunMs = performance.now();
	if (dialect === 'iptables-legacy') return async () => performance.now() - begunMs < AHEAD_MS;
	const before = askGeneration();
	return async () => (await before) !== undefined && (await before) === (await askGeneration());
}

async function askGeneration(): Promise<number | undefined> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		return await readGeneration(socket);
	} catch {
		return undefined;
	} finally {
		socket.close();
	}
}

/**
 * The same host, once it is known which dialect is used: what cannot be read in another one keeps nobody from this one.
 * Whoever may not look there has put nothing there.
 */
function tolerateOthers({ tools, firewalls }: Pick<OpenHost, 'tools' | 'firewalls'>, dialect: Dialect): Firewall[] {
	requireDialect(tools, dialect);
	return firewalls.map((firewall: Preferred) => {
		// Asked for again at each reload.
		const { strict = firewall } = firewall;
		if (firewall.dialect === dialect) return strict;
		return firewall === strict ? tolerant(strict) : firewall;
	});
}

/** `strict`: the same that fails where it cannot be read. */
type Preferred = Firewall & { readonly strict?: Firewall };

const tolerant = (firewall: Firewall): Preferred => ({
	...firewall,
	strict: firewall,
	read: (family, signal) =>
		firewall.read(family, signal).catch((error) => {
			if (error instanceof Failure && ['permission', 'firewall'].includes(error.code)) return '';
			throw error;
		}),
});

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
