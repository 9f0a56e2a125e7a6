// DATA. Every connection that the demo makes, and who is to answer it in each of the four states of the host.
import { addresses } from '../layout.ts';

export const phases = ['before', 'enabled', 'disabled', 'after clean'] as const;
export type Phase = (typeof phases)[number];

export type Who = 'app' | 'root' | 'proxyUser' | 'proxyGroup' | 'world' | 'container' | 'meshed';
export type Answerer = 'app' | 'remote' | 'container' | 'dropped' | 'refused' | 'closed';
/** Through which of Envoy's two listeners, seen from the host; or past both. */
export type Way = 'in' | 'out' | 'direct';

export interface Connection {
	readonly who: Who;
	readonly address: string;
	readonly port: number;
}

export interface Expectation {
	readonly by: Answerer;
	readonly way: Way;
}

/** Connections that go the same way, over both families. */
export interface Row {
	readonly title: string;
	readonly connections: readonly Connection[];
	readonly expected: Readonly<Record<Phase, Expectation>>;
}

export interface Group {
	readonly title: string;
	readonly rows: readonly Row[];
}

interface Place {
	readonly v4: string;
	readonly v6: string;
}

export const ports = { published: 8080, app: 8081, other: 9090, ignored: 5432 } as const;
/** In a network that is ignored as a whole. */
export const ignoredNetwork = { v4: '198.51.100.7', v6: '2001:db8:1::7' } as const;
export const ignoredAddresses: readonly string[] = [
	...Object.values(addresses.metadata),
	...Object.values(addresses.otherRemote),
	'198.51.100.0/24',
	'2001:db8:1::/48',
];

const { remote, otherRemote, metadata, host } = addresses;
const loopback: Place = { v4: '127.0.0.1', v6: '::1' };

const dial = (who: Who, { v4, v6 }: Place, ...toPorts: readonly number[]): Connection[] =>
	toPorts.flatMap((port) => [
		{ who, address: v4, port },
		{ who, address: v6, port },
	]);

/** The same answer in every state; `way` while interception is enabled. */
function always(by: Answerer, way: Way = 'direct'): Row['expected'] {
	const direct: Expectation = { by, way: 'direct' };
	return { before: direct, enabled: { by, way }, disabled: direct, 'after clean': direct };
}

export const groups: readonly Group[] = [
	{
		title: 'out of the host',
		rows: [
			{ title: 'app → remote:443', connections: dial('app', remote, 443), expected: always('remote', 'out') },
			{ title: 'root → remote:443', connections: dial('root', remote, 443), expected: always('remote', 'out') },
			{
				title: 'app → remote:22, metadata',
				connections: [...dial('app', remote, 22), ...dial('app', metadata, 80)],
				expected: always('remote'),
			},
			{
				title: 'app → ignored port, address, net',
				connections: [
					...dial('app', remote, ports.ignored),
					...dial('app', otherRemote, 443),
					...dial('app', ignoredNetwork, 443),
				],
				expected: always('remote'),
			},
			{
				title: "Envoy's user, group → remote:443",
				connections: [...dial('proxyUser', remote, 443), ...dial('proxyGroup', remote, 443)],
				expected: always('remote'),
			},
			{
				title: 'app → loopback, own address',
				connections: [...dial('app', loopback, ports.app), ...dial('app', host, ports.app)],
				expected: always('app'),
			},
		],
	},
	{
		title: 'into the host',
		rows: [
			{
				title: 'remote → host:8081 (app port)',
				connections: dial('world', host, ports.app),
				expected: always('app', 'in'),
			},
			{
				title: "remote → host:8080 (Docker's)",
				connections: dial('world', host, ports.published),
				expected: always('container', 'in'),
			},
			{
				title: 'remote → host:22, :9090 (no app)',
				connections: dial('world', host, 22, ports.other),
				expected: always('app'),
			},
			{
				title: 'remote → host:15000, :15001',
				connections: dial('world', host, 15000, 15001),
				expected: {
					...always('refused'),
					enabled: { by: 'dropped', way: 'direct' },
					// Envoy runs and is not guarded: its listener takes the connection, and leads it nowhere.
					disabled: { by: 'closed', way: 'direct' },
				},
			},
		],
	},
	{
		title: 'containers',
		rows: [
			{
				title: 'container → remote:443, :8080',
				connections: dial('container', remote, 443, ports.published),
				expected: always('remote'),
			},
			{
				title: 'container → host:9090',
				connections: dial('container', host, ports.other),
				expected: always('app'),
			},
			{
				title: 'meshed container → remote:443',
				connections: dial('meshed', remote, 443),
				expected: always('remote', 'out'),
			},
		],
	},
];

export const rows: readonly Row[] = groups.flatMap((group) => group.rows);
