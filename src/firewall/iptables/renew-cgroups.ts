import { type CgroupAt, renewComment } from '../cgroup-comment.ts';
import type { IptablesRules } from './iptables-rules.ts';
import { optionsOf } from './save-line.ts';

/**
 * Rules of before, about the cgroups that have the paths now. Those that no cgroup has any more are left out: the kernel takes
 * no such rule, and none of the others with it.
 */
export const renewCgroups = (rules: IptablesRules, cgroupAt: CgroupAt): IptablesRules => ({
	...rules,
	chains: rules.chains.map((chain) => ({
		...chain,
		rules: chain.rules.flatMap((rule) => renewed(rule, cgroupAt)),
		packets: [],
	})),
});

function renewed(rule: string, cgroupAt: CgroupAt): string[] {
	const path = optionsOf(rule).find(({ name }) => name === '--path')?.values[0];
	if (path === undefined) return [rule];
	const id = cgroupAt(path);
	return id === undefined ? [] : [renewComment(rule, id)];
}
