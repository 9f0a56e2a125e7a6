import { Failure } from '../failure.ts';
import type { Firewall, Host } from '../ports.ts';
import { families } from '../units.ts';
import { mayChangeNetwork } from './facts.ts';
import { createFirewall, noPrivilege } from './iptables.ts';
import { createRouting } from './routing.ts';
import { findTools, INSTALL, type Tools } from './tools.ts';

export interface OpenHost extends Host {
	readonly tools: readonly Tools[];
}

/** The host's firewall and routing, once it is sure that we may change them. */
export async function openHost(signal: AbortSignal): Promise<OpenHost> {
	if (!mayChangeNetwork()) throw noPrivilege();
	const tools = await findTools(signal);
	const firewalls = tools.map((each) => readingAhead(createFirewall(each), signal));
	return { tools, firewalls, routing: createRouting() };
}

/** Starts reading at once what will be asked for first, while everything else is still being looked at. */
function readingAhead(firewall: Firewall, signal: AbortSignal): Firewall {
	const ahead = new Map(families.map((family) => [family, firewall.read(family, signal)]));
	// Whoever asks is told of a failure; nobody may ask.
	for (const reading of ahead.values()) reading.catch(() => undefined);
	return {
		...firewall,
		read(family, askedBy) {
			const first = ahead.get(family);
			ahead.delete(family);
			return first ?? firewall.read(family, askedBy);
		},
	};
}

export function requireDialect({ tools }: OpenHost, dialect: string): Tools {
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
