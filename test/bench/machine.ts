import { execFileSync } from 'node:child_process';
import { cpus, release } from 'node:os';

/** What a figure depends on; nothing that tells one machine from another of its kind. */
export interface Machine {
	readonly processors: number;
	readonly kernel: string;
	readonly iptables: string;
	readonly node: string;
}

export const readMachine = (): Machine => ({
	processors: cpus().length,
	kernel: release(),
	iptables: execFileSync('iptables-nft', ['--version'], { encoding: 'utf8' }).trim(),
	node: process.version,
});
