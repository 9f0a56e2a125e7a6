import type { Fact } from './conditions.ts';

/** What the host's firewall does otherwise with what is captured; as src/firewall/foreign/filtered.ts finds it. */
export interface Changed {
	readonly kind: 'dropped' | 'opened';
	readonly way: string;
	readonly family: string;
	readonly port: number | undefined;
	readonly rule: string;
}

/** What does not arrive is a failure; what is let in that was denied is told. */
export function firewallFacts(found: readonly Changed[]): Fact[] {
	return [
		droppedFact(found.filter(({ kind }) => kind === 'dropped')),
		openedFact(found.filter(({ kind }) => kind === 'opened')),
	];
}

function droppedFact([first]: readonly Changed[]): Fact {
	if (first === undefined) return { subject: 'firewall', ok: true };
	const { way, family, port, rule } = first;
	const rest = way === 'inbound' ? `dialled on port ${port}` : 'of programs here';
	return {
		subject: 'firewall',
		ok: false,
		why: `${family} connections ${rest} are redirected to Envoy, and there the firewall drops them: ${rule}`,
		remedy: 'Let in what is redirected: see docs/firewalls.md, "A host that drops what it does not know"',
	};
}

function openedFact(found: readonly Changed[]): Fact {
	const [first] = found;
	if (first === undefined) return { subject: 'denials', ok: true };
	const { way, family, port, rule } = first;
	const more = found.length === 1 ? '' : `, nor do ${found.length - 1} more`;
	return {
		subject: 'denials',
		ok: false,
		why: `the firewall's "${rule}" does not hold for ${way} ${family} connections to port ${port}, as they are redirected to Envoy before it is asked${more}`,
		remedy: 'Deny in mangle or raw, or by --ctorigdstport: see docs/firewalls.md, "Rules that deny by port"',
	};
}
