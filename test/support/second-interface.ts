// A second interface of the host with a world of its own behind it, as networkd, netplan and the cloud's tools set it up.
import { createInterface } from 'node:readline';
import type { Host } from '../lab/net/host.ts';
import { createNamespace, type Namespace } from '../lab/net/namespace.ts';

export const second = {
	v4: { option: '-4', own: '10.88.0.2', gateway: '10.88.0.1', client: '198.51.100.7', prefix: 24, whole: 32 },
	v6: { option: '-6', own: 'fd88::2', gateway: 'fd88::1', client: '2001:db8:77::7', prefix: 64, whole: 128 },
} as const;
export const versions = ['v4', 'v6'] as const;
export type Version = (typeof versions)[number];

/** The world behind it, which cannot be reached by the first interface. */
export function createSecondInterface({ host }: Host): Namespace {
	const beyond = createNamespace('beyond');
	const lines = (of: 'own' | 'gateway') =>
		versions.map(
			(version) =>
				`addr add ${second[version][of]}/${second[version].prefix} dev eth1 ${version === 'v6' ? 'nodad' : ''}`,
		);
	host.run('ip', ['link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', beyond.name]);
	batch(host, [...lines('own'), 'link set eth1 up']);
	const clients = versions.map((version) => `addr add ${second[version].client}/${second[version].whole} dev lo`);
	batch(beyond, [...lines('gateway'), 'link set eth1 up', 'link set lo up', ...clients]);
	return beyond;
}

export const batch = (namespace: Namespace, lines: readonly string[]): string =>
	namespace.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });

export interface Moments extends Disposable {
	/** When each was told of, in milliseconds, newest last. */
	readonly of: (line: RegExp) => readonly number[];
}

/** The kernel's notifications of rules and routes, each with its time. */
export function watchMoments(host: Namespace): Moments {
	const child = host.spawn('ip', ['-ts', 'monitor', 'rule', 'route'], { env: { ...process.env, TZ: 'UTC' } });
	const seen: { readonly ms: number; readonly line: string }[] = [];
	if (child.stdout)
		createInterface({ input: child.stdout }).on('line', (text) => {
			const [, date = '', micros = '', line = ''] = /^\[(\S+)\.(\d{6})\] *(.*)$/.exec(text) ?? [];
			seen.push({ ms: Date.parse(`${date}Z`) + Number(micros) / 1_000, line });
		});
	return {
		of: (wanted) => seen.flatMap(({ ms, line }) => (wanted.test(line) ? [ms] : [])),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}
