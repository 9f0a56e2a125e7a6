import type { UnitCgroup } from '../values/unit-name.ts';

/**
 * What a rule's comment says of its cgroup. The kernel's rule means the cgroup that had the path when the rule was made; what
 * has it now may be another one.
 */
export const cgroupInComment = ({ id }: Pick<UnitCgroup, 'id'>): string => `cgroup ${id}`;

/** NaN where the comment names none. */
export const cgroupIdIn = (comment: string): number => Number(/ \(cgroup (\d+)\)$/.exec(comment)?.[1]);

export const withoutCgroup = (comment: string): string => comment.replace(/ \(cgroup \d+\)$/, '');

/** About the cgroup that has the path now. */
export const renewComment = (rule: string, id: number): string =>
	rule.replace(/ \(cgroup \d+\)"/, ` (${cgroupInComment({ id })})"`);

/** The id of the cgroup that has this path now; undefined: none. */
export type CgroupAt = (path: string) => number | undefined;
