import { release } from 'node:os';
import { readModuleFile } from '../kernel-lists.ts';

/** A match or target of iptables, and the kernel module behind it. */
export interface Extension {
	/** `match owner`, `target REDIRECT`. */
	readonly name: string;
	readonly module: string;
	/** The kernel's configuration option. */
	readonly option: string;
}

/** Targets that need no module. */
const BUILT_IN = ['ACCEPT', 'DROP', 'RETURN', 'QUEUE'];
/** Modules with other names than what they hold (net/netfilter/Makefile), and their options. */
const otherNames: Readonly<Record<string, readonly [module: string, option: string] | undefined>> = {
	tcp: ['xt_tcpudp', 'CONFIG_NETFILTER_XTABLES'],
	udp: ['xt_tcpudp', 'CONFIG_NETFILTER_XTABLES'],
	connmark: ['xt_connmark', 'CONFIG_NETFILTER_XT_CONNMARK'],
	CONNMARK: ['xt_connmark', 'CONFIG_NETFILTER_XT_CONNMARK'],
	MARK: ['xt_mark', 'CONFIG_NETFILTER_XT_MARK'],
	DNAT: ['xt_nat', 'CONFIG_NETFILTER_XT_NAT'],
	set: ['xt_set', 'CONFIG_NETFILTER_XT_SET'],
};

/** All extensions that a rule needs. `-j APPMESH_…` leads to a chain and needs none. */
export function extensionsOf(line: string): Extension[] {
	const named = [...line.matchAll(/(?:^| )-([mjg]) ([A-Za-z]\w*)(?= |$)/g)].map(([, kind, name = '']) => ({
		kind,
		name,
	}));
	return named
		.filter(({ kind, name }) => kind === 'm' || (!BUILT_IN.includes(name) && !name.startsWith('APPMESH_')))
		.map(({ kind, name }) => extension(kind === 'm' ? 'match' : 'target', name));
}

function extension(kind: 'match' | 'target', name: string): Extension {
	const usual = [`xt_${name}`, `CONFIG_NETFILTER_XT_${kind.toUpperCase()}_${name.toUpperCase()}`] as const;
	const [module, option] = otherNames[name] ?? usual;
	return { name: `${kind} ${name}`, module, option };
}

/** What the kernel lacks for the refused `line`; undefined where it was refused for another reason. */
export function lackingIn(
	said: string,
	line: string,
	isThere: (module: string) => boolean,
): readonly Extension[] | undefined {
	// iptables prints this where the kernel cannot load a module (xtables_compatible_revision).
	const warned = [...said.matchAll(/Extension (\w+)(?: revision \d+)?(?: is)? not supported, missing kernel module/g)];
	// For a missing library of iptables (libxt_owner.so), or part of the kernel; legacy also for a chain.
	const words =
		/Couldn't (?:load|find) (?:match|target) [`'](\w+)'|RULE_(?:APPEND|INSERT|REPLACE) failed \(No such file or directory\)|No chain\/target\/match by that name/;
	const refused = words.exec(said);
	if (warned.length === 0 && refused === null) return undefined;
	const all = extensionsOf(line);
	const names = [...warned.map(([, name]) => name), refused?.[1]].filter((name) => name !== undefined);
	const told = names.map((name) => all.find((each) => each.name.endsWith(` ${name}`)) ?? extension(kindOf(name), name));
	if (told.length > 0) return told;
	const absent = all.filter(({ module }) => !isThere(module));
	return absent.length > 0 ? absent : all;
}

/** Names of targets are in capitals. */
const kindOf = (name: string): 'match' | 'target' => (name === name.toUpperCase() ? 'target' : 'match');

/** The module is installed for the running kernel, or built into it; true where there is no list of modules. */
export function hasModule(module: string): boolean {
	const lists = [readModuleFile('modules.dep'), readModuleFile('modules.builtin')];
	return lists.every((list) => list === '') || lists.some((list) => list.includes(`/${module}.ko`));
}

/** iptables-nft reaches extensions through a module too (nft_compat). */
export const remedyFor = (lacking: readonly Extension[], isNft: boolean): string => {
	const modules = [...lacking.map(({ module }) => module), ...(isNft ? ['nft_compat'] : [])];
	const options = [...new Set(lacking.map(({ option }) => option))].join(', ');
	return `Try modprobe ${modules.join(' ')}; where that fails, install the package with the kernel's other modules (linux-modules-extra-${release()}, kernel-modules-extra), or a kernel with ${options}${isNft ? ' and CONFIG_NFT_COMPAT' : ''}`;
};
