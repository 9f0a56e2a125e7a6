// What is ours on a host, whatever the backend.
import type { Dialect } from '../../src/firewall/firewall.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { dialectOf } from './dialects.ts';
import { savedText } from './saved.ts';

/** As the backend's tool prints it, without counters; '' where there is nothing. */
export const ownRules = (host: Namespace, backend: Dialect): string =>
	backend === 'nft'
		? inOrder(host.tryRun('nft', ['--stateless', 'list', 'table', 'inet', 'turnout']).stdout)
		: (savedText(host, dialectOf(backend)).match(/^.*APPMESH_.*\n/gm) ?? []).join('');

/** The order of chains, counters and sets in a table of nft is that in which they were made: it is no matter. */
function inOrder(listed: string): string {
	const [head = '', ...blocks] = listed.replace(/\}\n$/, '').split(/^(?=\t(?:chain|counter|set) )/m);
	return [head, ...blocks.map((block) => block.trimEnd()).sort()].join('\n');
}

/** Both families capture any packet that begins a connection to the kernel, and not only those that open one. */
export const isWhole = (host: Namespace, backend: Dialect): boolean =>
	(ownRules(host, backend).match(backend === 'nft' ? LATER_OF_NFT : LATER) ?? []).length === 2;

const LATER = /^-A OUTPUT .* ! --tcp-flags .*-j APPMESH_EGRESS$/gm;
const LATER_OF_NFT = /^\t\tmeta nfproto .* != syn .*jump nat_egress_/gm;
