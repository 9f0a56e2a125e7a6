// ipset without a kernel; passes the same contract as the real one (test/contract/set-program.test.ts).
import type { IpSet } from '../../src/firewall/iptables/ip-set.ts';
import type { SetProgram } from '../../src/firewall/iptables/iptables-program.ts';

export interface MemorySets extends SetProgram {
	/** What is there; a test may edit it as somebody else would. */
	readonly held: Map<string, IpSet>;
}

/** `isUsed`: some rule uses the set of this name. */
export function createMemorySets(isUsed: (name: string) => boolean): MemorySets {
	const held = new Map<string, IpSet>();
	return {
		held,
		read: async () => [...held.values()].map((set) => ({ ...set, isUsed: isUsed(set.name) })),
		async put(set) {
			held.set(set.name, set);
		},
		async remove(name) {
			if (!isUsed(name)) held.delete(name);
		},
	};
}
