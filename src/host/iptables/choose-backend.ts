import type { Dialect, IptablesDialect } from '../../firewall/firewall.ts';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import type { BackendChoice } from '../../reconcile/host.ts';

/**
 * What an earlier start chose, else what has our rules already, else what has anybody's rules; else nft-backed iptables.
 * Reads only, and never adds a rule to see what happens.
 */
export async function chooseBackend(
	programs: readonly IptablesProgram[],
	remembered: Dialect | undefined,
	signal: AbortSignal,
): Promise<BackendChoice> {
	const [only] = programs;
	if (only !== undefined && programs.length === 1) return { name: only.dialect, why: 'it is the only one installed' };
	const former = programs.find(({ dialect }) => dialect === remembered);
	if (former !== undefined) return { name: former.dialect, why: 'a former start chose it' };
	const legacy = await textOf(programs, 'iptables-legacy', signal);
	// Whether the kernel has legacy tables is known at once; without them the other need not be read.
	if (legacy === '')
		return { name: 'iptables-nft', why: 'nothing on this host used iptables-legacy when it was chosen' };
	const nft = await textOf(programs, 'iptables-nft', signal);
	return chooseByText({ 'iptables-nft': nft, 'iptables-legacy': legacy });
}

async function textOf(
	programs: readonly IptablesProgram[],
	dialect: IptablesDialect,
	signal: AbortSignal,
): Promise<string> {
	const program = programs.find((each) => each.dialect === dialect);
	return (await program?.read('ipv4', signal)) ?? '';
}

const signs: readonly (readonly [RegExp, string])[] = [
	[/ -j APPMESH_/, 'rules of ours are there'],
	[/^:DOCKER/m, "Docker's rules are there"],
	[/^(\[\d+:\d+\] )?-A /m, 'other rules are there'],
];

/** By the text of each dialect's tables; where both show the same sign, nft-backed. */
export function chooseByText(texts: Readonly<Record<IptablesDialect, string>>): BackendChoice {
	for (const [sign, why] of signs)
		for (const name of ['iptables-nft', 'iptables-legacy'] as const) if (sign.test(texts[name])) return { name, why };
	return { name: 'iptables-nft', why: 'the host has no rules yet' };
}
