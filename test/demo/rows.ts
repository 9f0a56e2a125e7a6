// DATA. Every connection that the demo makes, and who is to answer it in each of the four states of the host.
import { addresses } from '../lab/net/layout.ts';
import { always, type Chart, type Column, dial, type Group, ownPorts, type Place } from './chart.ts';

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

const groups: readonly Group[] = [
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
				expected: ownPorts,
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

const columns: readonly Column[] = [
	{ phase: 'before', title: 'before', width: 9 },
	{ phase: 'enabled', title: 'enabled', width: 15 },
	{ phase: 'disabled', title: 'disabled', width: 9 },
	{ phase: 'after clean', title: 'after clean', width: 11 },
];

export const processChart: Chart = {
	columns,
	groups,
	titleWidth: 32,
	total: { title: 'through Envoy, by its counters', none: 'no Envoy' },
};
