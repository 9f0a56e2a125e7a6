import type { Dialect, IptablesDialect } from '../../firewall/firewall.ts';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import type { BackendChoice, FormerChoice } from '../../reconcile/host.ts';

export interface Candidates {
	readonly programs: readonly IptablesProgram[];
	/** Undefined where nft is not installed. */
	readonly nft: NftRules | undefined;
}

export interface NftRules {
	/** `inet turnout`. */
	readonly ownTable: string;
	/** Those with rules on our hooks, such as `inet firewalld`, without the tables of iptables-nft. */
	readonly tables: () => Promise<readonly string[]>;
}

/** Where nothing else tells. */
const preference: readonly Dialect[] = ['iptables-nft', 'nft', 'iptables-legacy'];

/**
 * What was chosen before, else what has our rules already, else what has anybody's rules; else nft-backed iptables.
 * Reads only, and never adds a rule to see what happens. `former`: chosen before; `anew`: as if ours were not there.
 */
export async function chooseBackend(
	{ programs, nft }: Candidates,
	former: FormerChoice,
	signal: AbortSignal,
): Promise<BackendChoice> {
	const installed = new Set<Dialect>([
		...programs.map(({ dialect }) => dialect),
		...(nft === undefined ? [] : ['nft' as const]),
	]);
	const [first = 'iptables-nft', ...others] = preference.filter((dialect) => installed.has(dialect));
	if (others.length === 0) return { name: first, why: 'it is the only one installed' };
	if (typeof former === 'object' && installed.has(former.name)) return former;
	const legacy = await textOf(programs, 'iptables-legacy', signal);
	const tables = ((await nft?.tables()) ?? []).filter((name) => former !== 'anew' || name !== nft?.ownTable);
	// Whether there are legacy tables, or others of nft, the kernel tells at once: without them nft-backed iptables need not be read.
	if (legacy === '' && tables.length === 0)
		return { name: first, why: `nothing on this host used ${others.join(' or ')} when it was chosen` };
	const found = {
		'iptables-nft': await textOf(programs, 'iptables-nft', signal),
		'iptables-legacy': legacy,
		nft: tables,
	};
	return (
		chooseBySigns(found, former === 'anew' ? signsOfOthers : [signOfOurs(nft?.ownTable ?? ''), ...signsOfOthers]) ?? {
			name: first,
			why: 'the host has no rules yet',
		}
	);
}

async function textOf(
	programs: readonly IptablesProgram[],
	dialect: IptablesDialect,
	signal: AbortSignal,
): Promise<string> {
	const program = programs.find((each) => each.dialect === dialect);
	return (await program?.read('ipv4', signal)) ?? '';
}

interface Found extends Readonly<Record<IptablesDialect, string>> {
	readonly nft: readonly string[];
}

interface Sign {
	readonly inText: RegExp;
	readonly isTable: (name: string) => boolean;
	readonly why: string;
}

const signOfOurs = (ownTable: string): Sign => ({
	inText: / -j APPMESH_/,
	isTable: (name) => name === ownTable,
	why: 'rules of ours are there',
});

const signsOfOthers: readonly Sign[] = [
	// Its nftables backend has `ip docker-bridges` and `ip6 docker-bridges`.
	{ inText: /^:DOCKER/m, isTable: (name) => name.endsWith(' docker-bridges'), why: "Docker's rules are there" },
	{ inText: /^(\[\d+:\d+\] )?-A (?!.*(APPMESH_|"turnout: ))/m, isTable: () => true, why: 'other rules are there' },
];

/** By what each dialect has; where several show the same sign, the preferred one. */
function chooseBySigns({ nft, ...texts }: Found, signs: readonly Sign[]): BackendChoice | undefined {
	for (const { inText, isTable, why } of signs)
		for (const name of preference) {
			const isThere = name === 'nft' ? nft.some(isTable) : inText.test(texts[name]);
			if (isThere) return { name, why };
		}
	return undefined;
}
