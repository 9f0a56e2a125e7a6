// The sets in which a backend looks up long lists, whichever kind they are.
import assert from 'node:assert/strict';
import type { Json } from '../../src/firewall/foreign/nft-json.ts';
import type { SetProgram } from '../../src/firewall/iptables/iptables-program.ts';
import type { NftProgram } from '../../src/firewall/nft/nft-program.ts';

export interface HostLists {
	readonly names: () => Promise<readonly string[]>;
	/** `ipv4 500`, each set. */
	readonly lengths: () => Promise<readonly string[]>;
	/** Somebody takes all that is in the set of IPv4's addresses, or adds to it. */
	readonly empty: () => Promise<void>;
	readonly extend: () => Promise<void>;
	/** A process makes a set, and is killed. Resolves to its name. */
	readonly leave: () => Promise<string>;
}

/** Nobody's: TEST-NET-1. */
const MORE = '192.0.2.0/24';

export function ipsetLists(sets: SetProgram): HostLists {
	const change = async (more: readonly string[], isKept: boolean) => {
		const [set] = (await sets.read()).filter(({ kind }) => kind === 'ipv4');
		assert.ok(set);
		await sets.put({ ...set, entries: [...(isKept ? set.entries : []), ...more].toSorted() }, true);
	};
	return {
		names: async () => (await sets.read()).map(({ name }) => name).toSorted(),
		lengths: async () => (await sets.read()).map(({ kind, entries }) => `${kind} ${entries.length}`).toSorted(),
		empty: () => change([], false),
		extend: () => change([MORE], true),
		async leave() {
			const left = { name: 'turnout-ipv4-00000000dead', kind: 'ipv4', entries: ['192.0.2.1/32'] } as const;
			await sets.put(left, false);
			return left.name;
		},
	};
}

interface ListedSet {
	readonly name: string;
	readonly type: string;
	readonly elem?: readonly Json[];
}

const KINDS: Readonly<Record<string, string>> = { ipv4_addr: 'ipv4', ipv6_addr: 'ipv6', inet_service: 'ports' };

/** Of what are neighbours nft makes one. */
export function nftLists({ read, commit }: Pick<NftProgram, 'read' | 'commit'>): HostLists {
	const signal = AbortSignal.timeout(600_000);
	const all = async (): Promise<readonly ListedSet[]> => {
		const listing = await read(signal);
		const { nftables } = JSON.parse(listing === '' ? '{"nftables":[]}' : listing) as {
			readonly nftables: readonly { readonly set?: ListedSet }[];
		};
		return nftables.flatMap(({ set }) => set ?? []);
	};
	const ofIpv4 = async (): Promise<string> => {
		const [set] = (await all()).filter(({ type }) => type === 'ipv4_addr');
		assert.ok(set);
		return `inet turnout ${set.name}`;
	};
	return {
		names: async () => (await all()).map(({ name }) => name).toSorted(),
		lengths: async () => (await all()).map(({ type, elem = [] }) => `${KINDS[type] ?? type} ${elem.length}`).toSorted(),
		empty: async () => commit(`flush set ${await ofIpv4()}\n`, signal),
		extend: async () => commit(`add element ${await ofIpv4()} { ${MORE} }\n`, signal),
		async leave() {
			const name = 'list_00000000dead';
			const set = `create set inet turnout ${name} { type ipv4_addr; flags interval; }\nadd element inet turnout ${name} { ${MORE} }\n`;
			await commit(`table inet turnout\n${set}`, signal);
			return name;
		},
	};
}
