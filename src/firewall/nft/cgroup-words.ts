import { type CgroupAt, renewComment } from '../cgroup-comment.ts';
import type { NftTable } from './nft-table.ts';

/**
 * How nft spells a cgroup, by its path below /sys/fs/cgroup: it looks for the cgroup's number there, and for the path of a
 * number when it lists a rule. Of one that is gone it lists the number.
 */
export const cgroupWords = (path: string): string => `socket cgroupv2 level ${path.split('/').length} "${path}"`;

/**
 * Rules of before, about the cgroups that have the paths now. Those that no cgroup has any more are left out: nft takes no such
 * rule, and none of the others with it.
 */
export function renewCgroups(table: NftTable, cgroupAt: CgroupAt): NftTable {
	const chains = table.chains.map((chain) => ({
		...chain,
		rules: chain.rules.flatMap((rule) => renewed(rule, cgroupAt)),
	}));
	const isUsed = (counter: string) => chains.some(({ rules }) => rules.some((rule) => rule.includes(`"${counter}"`)));
	const counters = new Map([...table.counters].filter(([counter]) => isUsed(counter)));
	return { ...table, chains, counters };
}

function renewed(rule: string, cgroupAt: CgroupAt): string[] {
	const [, path] = /(?:^| )socket cgroupv2 level \d+ "([^"]+)" /.exec(rule) ?? [];
	if (path === undefined) return [rule];
	const id = cgroupAt(`/${path}`);
	return id === undefined ? [] : [renewComment(rule, id)];
}
