import { Failure } from '../failure.ts';
import type { Host } from '../ports.ts';
import { mayChangeNetwork } from './facts.ts';
import { createFirewall, noPrivilege } from './iptables.ts';
import { createRouting } from './routing.ts';
import { findTools, type Tools } from './tools.ts';

export interface OpenHost extends Host {
	readonly tools: readonly Tools[];
}

/** The host's firewall and routing, once it is sure that we may change them. */
export async function openHost(signal: AbortSignal): Promise<OpenHost> {
	if (!mayChangeNetwork()) throw noPrivilege();
	const tools = await findTools(signal);
	return { tools, firewalls: tools.map(createFirewall), routing: createRouting() };
}

export function requireDialect({ tools }: OpenHost, dialect: string): Tools {
	const found = tools.find((each) => each.dialect === dialect);
	if (found?.ipv4 !== undefined) return found;
	const installed = tools.map((each) => each.dialect).join(' and ');
	throw new Failure(
		'tools',
		`Cannot use backend ${dialect}: its programs are not installed (there is ${installed})`,
		'Install the package iptables, or set backend (TURNOUT_BACKEND) to auto',
	);
}
