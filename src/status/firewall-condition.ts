import type { Fact } from './conditions.ts';

/** A packet filter rule that treats captured connections differently than before; found by src/firewall/foreign/filtered.ts. */
export interface Changed {
	readonly kind: 'dropped' | 'opened';
	readonly way: string;
	readonly family: string;
	readonly port: number | undefined;
	readonly rule: string;
	readonly program?: { readonly name: string } | undefined;
}

const whose = ({ program }: Changed): string => program?.name ?? 'the firewall';

/** `firewall` (connections that are dropped) counts as a failure; `denials` (connections that are let in) is only reported. */
export function firewallFacts(found: readonly Changed[]): Fact[] {
	return [
		droppedFact(found.filter(({ kind }) => kind === 'dropped')),
		openedFact(found.filter(({ kind }) => kind === 'opened')),
	];
}

function droppedFact([first]: readonly Changed[]): Fact {
	if (first === undefined) return { subject: 'firewall', ok: true };
	const { way, family, port, rule } = first;
	const rest = way === 'inbound' ? `to port ${port}` : 'of local programs';
	return {
		subject: 'firewall',
		ok: false,
		why: `${family} connections ${rest} are redirected to Envoy, where ${whose(first)} drops them: ${rule}`,
		remedy: 'Accept redirected connections: see docs/firewalls.md, "A host that drops by default"',
	};
}

function openedFact(found: readonly Changed[]): Fact {
	const [first] = found;
	if (first === undefined) return { subject: 'denials', ok: true };
	const { way, family, port, rule } = first;
	const more = found.length === 1 ? '' : `; so do ${found.length - 1} more rules`;
	return {
		subject: 'denials',
		ok: false,
		why: `${whose(first)}'s "${rule}" does not apply to ${way} ${family} connections to port ${port}, as they are redirected to Envoy before they reach it${more}`,
		remedy: 'Deny in mangle or raw, or by --ctorigdstport: see docs/firewalls.md, "Rules that deny by port"',
	};
}
