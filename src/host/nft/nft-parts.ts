import type { KernelPart } from '../../doctor/kernel-check.ts';

/** What each word of a document needs (net/netfilter/Kconfig, Makefile). */
const needed: readonly (readonly [word: RegExp, name: string, module: string, option: string])[] = [
	[/^(add )?table /m, 'tables of nft', 'nf_tables', 'CONFIG_NF_TABLES'],
	[/type nat /, 'nat of nft', 'nft_chain_nat', 'CONFIG_NFT_NAT'],
	[/\bfib /, 'fib', 'nft_fib_inet', 'CONFIG_NFT_FIB_INET'],
	[/\bredirect to /, 'redirect', 'nft_redir', 'CONFIG_NFT_REDIR'],
	[/\bdnat to /, 'dnat', 'nft_nat', 'CONFIG_NFT_NAT'],
	[/\bct /, 'ct', 'nft_ct', 'CONFIG_NFT_CT'],
	[/\btproxy /, 'tproxy', 'nft_tproxy', 'CONFIG_NFT_TPROXY'],
	[/\bsocket /, 'socket', 'nft_socket', 'CONFIG_NFT_SOCKET'],
];

/** What the rules of a document, or a line of it, take of the kernel. Comments are no rules. */
export function nftParts(document: string): KernelPart[] {
	const words = document.replace(/ comment "[^"]*"/g, '');
	return needed.flatMap(([word, name, module, option]) => (word.test(words) ? [{ name, module, option }] : []));
}
