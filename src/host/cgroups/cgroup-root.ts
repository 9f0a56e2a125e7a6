import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../sockets/procfs.ts';

/** Where nft looks for cgroups (SYSFS_CGROUPSV2_PATH, datatype.c). */
export const NFT_ROOT = '/sys/fs/cgroup';

/** Where cgroups of the second version are mounted (cgroups(7)); with the first version beside it, that is a folder of its own. */
export function findCgroupRoot(): string | undefined {
	// ID PARENT DEVICE ROOT PLACE OPTIONS … - TYPE SOURCE OPTIONS (proc_pid_mountinfo(5))
	const places = [...readText('/proc/self/mountinfo').matchAll(/^(?:\S+ ){4}(\S+) .*? - cgroup2 /gm)].map(
		([, place]) => place,
	);
	// What is mounted over one hides it.
	const seen = places.filter((place = '') => existsSync(join(place, 'cgroup.controllers')));
	return seen.find((place) => place === NFT_ROOT) ?? seen[0];
}
