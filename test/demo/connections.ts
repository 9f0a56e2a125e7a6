// DATA. Every connection that the demo makes, and who is to answer it in each state of the host.
import { addresses } from '../lab/net/layout.ts';
import { ignoredNetwork, ports } from './settings.ts';

export type Phase = 'before' | 'enabled' | 'after update' | 'disabled' | 'cleaned';
export type Who = 'app' | 'root' | 'proxyUser' | 'proxyGroup' | 'world' | 'container' | 'meshed';
/** Through which of Envoy's two listeners, as the host sees it; or past both. */
export type Way = 'in' | 'out' | 'direct';

export interface Connection {
	readonly who: Who;
	readonly address: string;
	readonly port: number;
}

export interface Expectation {
	readonly by: 'app' | 'remote' | 'shop' | 'dropped' | 'refused' | 'closed';
	readonly way: Way;
}

/** Connections that go the same way, over both families. */
export interface Row {
	readonly title: string;
	readonly connections: readonly Connection[];
	readonly expected: Readonly<Record<Phase, Expectation>>;
}

interface Target {
	readonly v4: string;
	readonly v6: string;
}

const dial = (who: Who, { v4, v6 }: Target, ...toPorts: readonly number[]): Connection[] =>
	toPorts.flatMap((port) => [v4, v6].map((address) => ({ who, address, port })));

/** The same answer in every state; `way` while interception is enabled. */
function always(by: Expectation['by'], way: Way = 'direct'): Row['expected'] {
	const [direct, enabled] = [
		{ by, way: 'direct' as const },
		{ by, way },
	];
	return { before: direct, enabled, 'after update': enabled, disabled: direct, cleaned: direct };
}

const dropped: Expectation = { by: 'dropped', way: 'direct' };

/** Envoy's own ports, dialled from outside. While disabled nothing guards them: the listener accepts, and closes. */
const ownPorts: Row['expected'] = {
	...always('refused'),
	...{ enabled: dropped, 'after update': dropped, disabled: { by: 'closed', way: 'direct' } },
};

const { remote, otherRemote, metadata, host } = addresses;
const loopback = { v4: '127.0.0.1', v6: '::1' };
const { app, published, other, ignored } = ports;

const row = (title: string, expected: Row['expected'], ...connections: readonly Connection[]): Row => ({
	...{ title, expected, connections },
});

export const groups: readonly { readonly title: string; readonly rows: readonly Row[] }[] = [
	{
		title: 'out of the host',
		rows: [
			row('app → remote:443', always('remote', 'out'), ...dial('app', remote, 443)),
			row('root → remote:443', always('remote', 'out'), ...dial('root', remote, 443)),
			row('app → remote:22, metadata', always('remote'), ...dial('app', remote, 22), ...dial('app', metadata, 443)),
			row(
				'app → ignored port, IP',
				always('remote'),
				...dial('app', remote, ignored),
				...[otherRemote, ignoredNetwork].flatMap((target) => dial('app', target, 443)),
			),
			row(
				"Envoy's uid, gid → remote",
				always('remote'),
				...dial('proxyUser', remote, 443),
				...dial('proxyGroup', remote, 443),
			),
			row('app → loopback, own IP', always('app'), ...dial('app', loopback, app), ...dial('app', host, app)),
		],
	},
	{
		title: 'into the host',
		rows: [
			row('remote → host:8081 (app)', always('app', 'in'), ...dial('world', host, app)),
			row('remote → host:8080 (shop)', always('shop', 'in'), ...dial('world', host, published)),
			row('remote → host:22, :9090', always('app'), ...dial('world', host, 22, other)),
			row('remote → :15000, :15001', ownPorts, ...dial('world', host, 15000, 15001)),
		],
	},
	{
		title: 'containers',
		rows: [
			row('shop → remote:443, :8080', always('remote'), ...dial('container', remote, 443, published)),
			row('shop → host:9090', always('app'), ...dial('container', host, other)),
			row('meshed → remote:443', always('remote', 'out'), ...dial('meshed', remote, 443)),
		],
	},
];

export const rows: readonly Row[] = groups.flatMap((group) => group.rows);
