import { release } from 'node:os';
import { Protocol } from 'netlink/dist/constants.js';
import type { Dialect } from '../../firewall/firewall.ts';
import { oneLine } from '../../lib/escape.ts';
import { foldersIn } from '../../lib/fs.ts';
import type { Obstacle } from '../../reconcile/host.ts';
import { hasMatch } from '../iptables/has-match.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { runCommand } from '../process/command.ts';
import { findCgroupRoot, NFT_ROOT } from './cgroup-root.ts';

/** Why rules of this dialect cannot tell cgroups apart; undefined where they can. `nft`: the program. Changes nothing. */
export async function readCgroupObstacle(
	dialect: Dialect,
	nft: string | undefined,
	signal: AbortSignal,
): Promise<Obstacle | undefined> {
	const root = findCgroupRoot();
	if (root === undefined)
		return {
			why: 'this host has no cgroups of the second version (cgroup2 is not mounted)',
			remedy: 'Boot it with systemd.unified_cgroup_hierarchy=1, or name users or groups instead (ignoreUids, onlyUids)',
		};
	const always = dialectObstacle(dialect);
	if (always !== undefined) return always;
	if (dialect === 'iptables-nft')
		return (await knowsMatch()) ? undefined : lacks('xt_cgroup', 'NETFILTER_XT_MATCH_CGROUP');
	if (root !== NFT_ROOT)
		return {
			why: `nft looks for cgroups in ${NFT_ROOT}, and here they are in ${root}`,
			remedy: 'Set backend (TURNOUT_BACKEND) to iptables-nft, or boot with systemd.unified_cgroup_hierarchy=1',
		};
	return nft === undefined ? undefined : askNft(nft, signal);
}

/** Why no host's rules of this dialect can tell them apart. */
export const dialectObstacle = (dialect: Dialect): Obstacle | undefined =>
	dialect === 'iptables-legacy' ? LEGACY : undefined;

/** cgroup_mt_check_v2 (xt_cgroup.c), which the kernel calls for each rule of the table that is written (translate_table). */
const LEGACY: Obstacle = {
	why: 'iptables-legacy writes a table as a whole, and the kernel refuses that to everybody as long as one of its rules names a cgroup that is gone',
	remedy: 'Set backend (TURNOUT_BACKEND) to iptables-nft or nft',
};

const lacks = (module: string, option: string): Obstacle => ({
	why: `the kernel lacks what tells cgroups apart (module ${module})`,
	remedy: `Try modprobe ${module}; where that fails, install the package with the kernel's other modules (linux-modules-extra-${release()}, kernel-modules-extra), or a kernel with CONFIG_${option}`,
});

/** Its first revision knows no paths. */
async function knowsMatch(): Promise<boolean> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		return await hasMatch(socket, 'cgroup', 1);
	} finally {
		socket.close();
	}
}

/** A transaction that the kernel checks and does not keep (nft(8), --check). */
async function askNft(nft: string, signal: AbortSignal): Promise<Obstacle | undefined> {
	const [cgroup] = foldersIn(NFT_ROOT);
	if (cgroup === undefined) return undefined;
	const document = `table inet turnout-check {\n\tchain check {\n\t\tsocket cgroupv2 level 1 "${cgroup}"\n\t}\n}\n`;
	const { code, stderr } = await runCommand(nft, ['--check', '--file', '-'], document, signal);
	if (code === 0 || !/syntax error|not supported|No such file/.test(stderr)) return undefined;
	const said = oneLine(/Error: ([^\n]*)/.exec(stderr)?.[1] ?? stderr);
	return /syntax error/.test(said)
		? {
				why: `this version of nft does not know cgroups: ${said}`,
				remedy: 'Install nftables 0.9.9 or later, or set backend (TURNOUT_BACKEND) to iptables-nft',
			}
		: lacks('nft_socket', 'NFT_SOCKET');
}
