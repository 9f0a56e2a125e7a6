import type { Dialect, Firewall } from '../../firewall/firewall.ts';
import type { BackendChoice } from '../../reconcile/host.ts';

/**
 * Keeps what a former start chose, then what holds our rules already, then what holds anybody's; else nft-backed
 * iptables before legacy. Looks only, never adds a rule to see what happens.
 */
export async function chooseBackend(
	firewalls: readonly Firewall[],
	remembered: Dialect | undefined,
	signal: AbortSignal,
): Promise<BackendChoice> {
	const [only] = firewalls;
	if (only !== undefined && firewalls.length === 1) return { name: only.dialect, why: 'it is the only one installed' };
	const former = firewalls.find(({ dialect }) => dialect === remembered);
	if (former !== undefined) return { name: former.dialect, why: 'a former start chose it' };
	const legacy = await textOf(firewalls, 'iptables-legacy', signal);
	// A kernel without legacy tables says so at once; then nobody need be asked what the others hold.
	if (legacy === '')
		return { name: 'iptables-nft', why: 'nothing on this host used iptables-legacy when it was chosen' };
	const nft = await textOf(firewalls, 'iptables-nft', signal);
	return chooseByText({ 'iptables-nft': nft, 'iptables-legacy': legacy });
}

async function textOf(firewalls: readonly Firewall[], dialect: Dialect, signal: AbortSignal): Promise<string> {
	const firewall = firewalls.find((each) => each.dialect === dialect);
	return (await firewall?.read('ipv4', signal)) ?? '';
}

const signs: readonly (readonly [RegExp, string])[] = [
	[/ -j APPMESH_/, 'rules of ours are there'],
	[/^:DOCKER/m, "Docker's rules are there"],
	[/^(\[\d+:\d+\] )?-A /m, 'other rules are there'],
];

/** By what each dialect's tables say; where both say the same, nft-backed. */
export function chooseByText(texts: Readonly<Record<Dialect, string>>): BackendChoice {
	for (const [sign, why] of signs)
		for (const name of ['iptables-nft', 'iptables-legacy'] as const) if (sign.test(texts[name])) return { name, why };
	return { name: 'iptables-nft', why: 'the host has no rules yet' };
}
