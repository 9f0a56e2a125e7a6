import type { KernelPart } from '../../doctor/kernel-check.ts';
import type { Installation, IptablesDialect } from '../../firewall/firewall.ts';
import { extensionsOf } from './extensions.ts';

/** The kernel's part of iptables-nft. */
const throughNft: readonly KernelPart[] = [
	{ name: 'tables of nft', module: 'nf_tables', option: 'CONFIG_NF_TABLES' },
	{ name: 'nat of nft', module: 'nft_chain_nat', option: 'CONFIG_NFT_NAT' },
	{ name: 'matches of iptables in nft', module: 'nft_compat', option: 'CONFIG_NFT_COMPAT' },
];

const tables = ['nat', 'mangle'] as const;

/** What these documents take of the kernel, each part once. */
export function iptablesParts(dialect: IptablesDialect, documents: readonly Installation[]): readonly KernelPart[] {
	const found = documents.flatMap(({ family, document }) => [
		...(dialect === 'iptables-nft' ? throughNft : tables.map((table) => legacyTable(family, table))),
		...document.split('\n').flatMap((line) => extensionsOf(line.replace(/ --comment "[^"]*"/, ''))),
	]);
	return [...new Map(found.map((part) => [part.name, part])).values()];
}

function legacyTable(family: Installation['family'], table: (typeof tables)[number]): KernelPart {
	const six = family === 'ipv6' ? '6' : '';
	const name = `table ${table} of ip${six}tables`;
	return { name, module: `ip${six}table_${table}`, option: `CONFIG_IP${six}_NF_${table.toUpperCase()}` };
}

/** What looking up lists in sets takes. */
export const setParts: readonly KernelPart[] = [
	{ name: 'set type hash:net', module: 'ip_set_hash_net', option: 'CONFIG_IP_SET_HASH_NET' },
	{ name: 'set type bitmap:port', module: 'ip_set_bitmap_port', option: 'CONFIG_IP_SET_BITMAP_PORT' },
	{ name: 'match set', module: 'xt_set', option: 'CONFIG_NETFILTER_XT_SET' },
];
