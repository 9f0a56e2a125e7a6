// DATA. Every connection of the demo with Docker, and who is to answer it in each of the five states of the host.
import { addresses } from '../lab/net/layout.ts';
import { always, type Chart, dial, type Group, ownPorts } from './chart.ts';
import { ports } from './rows.ts';

const { remote, metadata, host } = addresses;
const loopback = { v4: '127.0.0.1', v6: '::1' };

const groups: readonly Group[] = [
	{
		title: 'out of the host',
		rows: [
			{ title: 'app → remote:443', connections: dial('app', remote, 443), expected: always('remote', 'out') },
			{ title: 'root → remote:443', connections: dial('root', remote, 443), expected: always('remote', 'out') },
			{
				title: 'app → remote:22, metadata',
				// On port 80 of that address is the real thing here, which speaks HTTP.
				connections: [...dial('app', remote, 22), ...dial('app', metadata, 443)],
				expected: always('remote'),
			},
			{
				title: "Envoy's user → remote:443",
				connections: dial('proxyUser', remote, 443),
				expected: always('remote'),
			},
			{
				title: 'app → loopback, own',
				connections: [...dial('app', loopback, ports.app), ...dial('app', host, ports.app)],
				expected: always('app'),
			},
		],
	},
	{
		title: 'into the host',
		rows: [
			{
				title: 'remote → host:8081 (app)',
				connections: dial('world', host, ports.app),
				expected: always('app', 'in'),
			},
			{
				title: 'remote → host:8080 (shop)',
				connections: dial('world', host, ports.published),
				expected: always('shop', 'in'),
			},
			{
				title: 'remote → host:22, :9090',
				connections: dial('world', host, 22, ports.other),
				expected: always('app'),
			},
			{
				title: 'remote → :15000, :15001',
				connections: dial('world', host, 15000, 15001),
				expected: ownPorts,
			},
		],
	},
	{
		title: 'containers',
		rows: [
			{ title: 'shop → remote:443', connections: dial('container', remote, 443), expected: always('remote') },
			{ title: 'meshed → remote:443', connections: dial('meshed', remote, 443), expected: always('remote', 'out') },
		],
	},
];

export const dockerChart: Chart = {
	columns: [
		{ phase: 'before', title: 'before', width: 7 },
		{ phase: 'enabled', title: 'enabled', width: 14 },
		{ phase: 'after update', title: 'after update', width: 14 },
		{ phase: 'disabled', title: 'disabled', width: 8 },
		{ phase: 'after clean', title: 'cleaned', width: 7 },
	],
	groups,
	titleWidth: 25,
	total: { title: "Envoy's own counters", none: '–' },
};
