import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { KernelLists } from '../doctor/kernel-check.ts';
import { readText } from './sockets/procfs.ts';

/** modules.dep and modules.builtin of the running kernel (depmod(8)); '' where they are not there. */
export const readModuleFile = (name: 'modules.dep' | 'modules.builtin'): string =>
	readText(`/lib/modules/${release()}/${name}`);

/** What says which parts the kernel has. Asks the kernel for none of them, as it would load them then. */
export const readKernelLists = (): KernelLists => ({
	loaded: new Set(linesOf(readText('/proc/modules')).map((line) => line.split(' ')[0] ?? '')),
	installed: installed(),
	options: options(),
	registered: new Set([...registered('matches', 'match'), ...registered('targets', 'target')]),
	isSealed: readText('/proc/sys/kernel/modules_disabled').trim() === '1',
});

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function installed(): KernelLists['installed'] {
	const named = (file: 'modules.dep' | 'modules.builtin') => linesOf(readModuleFile(file)).map(moduleOf);
	const [onDisk, builtIn] = [named('modules.dep'), named('modules.builtin')];
	if (onDisk.length + builtIn.length === 0) return undefined;
	return new Map([
		...onDisk.map((name) => [name, 'on the disk'] as const),
		...builtIn.map((name) => [name, 'built in'] as const),
	]);
}

/** `kernel/net/netfilter/xt_owner.ko.zst: …` */
const moduleOf = (line: string): string => /([^/]+)\.ko/.exec(line)?.[1]?.replaceAll('-', '_') ?? '';

function options(): KernelLists['options'] {
	const lines = linesOf(unzipped('/proc/config.gz') || readText(`/boot/config-${release()}`));
	const set = lines.flatMap((line) => {
		const [, name, value] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? [];
		return name === undefined || value === undefined ? [] : [[name, value] as const];
	});
	return set.length === 0 ? undefined : new Map(set);
}

function unzipped(path: string): string {
	try {
		return gunzipSync(readFileSync(path)).toString();
	} catch {
		return '';
	}
}

/** Of iptables-legacy, for root; not there where only nftables is in use. */
const registered = (list: string, kind: string): readonly string[] =>
	['ip', 'ip6'].flatMap((family) =>
		linesOf(readText(`/proc/net/${family}_tables_${list}`)).map((name) => `${kind} ${name}`),
	);
