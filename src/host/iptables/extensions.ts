import { readFileSync } from 'node:fs';
import { release } from 'node:os';

/** A match or a target of iptables, and the kernel's part of it. */
export interface Extension {
	/** `match owner`, `target REDIRECT`. */
	readonly name: string;
	readonly module: string;
	/** Of the kernel's configuration. */
	readonly option: string;
}

/** What the kernel itself has without any module. */
const BUILT_IN = ['ACCEPT', 'DROP', 'RETURN', 'QUEUE'];
/** Both of them are in one module (net/netfilter/xt_tcpudp.c). */
const TCP_UDP = ['tcp', 'udp'];

/** Where the kernel says of no line what it lacks, all that it may be. `-j APPMESH_…` leads to a chain and needs nothing. */
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
	const part = TCP_UDP.includes(name) ? 'tcpudp' : name;
	const option = TCP_UDP.includes(name)
		? 'CONFIG_NETFILTER_XTABLES'
		: `CONFIG_NETFILTER_XT_${kind.toUpperCase()}_${name.toUpperCase()}`;
	return { name: `${kind} ${name}`, module: `xt_${part}`, option };
}

/** `line`: the one that was refused. Undefined where it was not for that. */
export function lackingIn(
	said: string,
	line: string,
	isThere: (module: string) => boolean,
): readonly Extension[] | undefined {
	// iptables itself, of one whose module the kernel cannot load (xtables_compatible_revision).
	const warned = [...said.matchAll(/Extension (\w+)(?: revision \d+)?(?: is)? not supported, missing kernel module/g)];
	// Of a program whose own half is missing (libxt_owner.so), and of the kernel's; legacy says it for a chain as well.
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

/** Targets are written in capitals. */
const kindOf = (name: string): 'match' | 'target' => (name === name.toUpperCase() ? 'target' : 'match');

/** Among the modules that are installed for the kernel that runs, or built into it; true where there is no list of them. */
export function hasModule(module: string): boolean {
	const folder = `/lib/modules/${release()}`;
	const lists = ['modules.dep', 'modules.builtin'].map((name) => readQuietly(`${folder}/${name}`));
	return lists.every((list) => list === '') || lists.some((list) => list.includes(`/${module}.ko`));
}

function readQuietly(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}

/** The dialect's own way to them is a module too. */
export const remedyFor = (lacking: readonly Extension[], isNft: boolean): string => {
	const modules = [...lacking.map(({ module }) => module), ...(isNft ? ['nft_compat'] : [])];
	const options = [...new Set(lacking.map(({ option }) => option))].join(', ');
	return `Try modprobe ${modules.join(' ')}; where that fails, install the package with the kernel's other modules (linux-modules-extra-${release()}, kernel-modules-extra), or a kernel with ${options}${isNft ? ' and CONFIG_NFT_COMPAT' : ''}`;
};
