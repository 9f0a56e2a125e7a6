// DATA. Settings beyond the behaviour table's, and who answers under each of them.
import { type Answerer, type Call, overBothFamilies, type Place, places, type Who } from './rows.ts';

export interface Variant {
	readonly title: string;
	readonly settings: readonly string[];
	readonly calls: readonly Call[];
	/** Ports that somebody must listen on beside the usual ones, by name. */
	readonly listeners?: Readonly<
		Partial<Record<'app' | 'remote' | 'egress listener' | 'ingress listener', readonly number[]>>
	>;
}

const { remote, ignoredAddress: otherRemote, ignoredNetwork: thirdRemote, metadata, host } = places;

const calls = (who: Who, to: Place, ports: readonly number[], expected: Answerer): Call[] =>
	ports.flatMap((port) => overBothFamilies({ who, to, port }, expected));

const v4 = (list: readonly Call[]): Call[] => list.filter(({ address }) => !address.includes(':'));
const v6 = (list: readonly Call[]): Call[] => list.filter(({ address }) => address.includes(':'));

/** From an address of the world's own choice. */
const from = (place: Place, list: readonly Call[]): Call[] =>
	list.map((call) => ({
		...call,
		from: (call.address.includes(':') ? place.v6 : place.v4) ?? '',
		title: `from ${place.name}'s address, ${call.title}`,
	}));

const twentyPorts = Array.from({ length: 20 }, (_, at) => 20_000 + 2 * at);

export const variants: readonly Variant[] = [
	{
		title: 'what containers on a captured bridge send leaves through Envoy',
		settings: ['--app-ports', '8080', '--bridges', 'docker0', '--egress-ignored-ports', '5432'],
		calls: [
			...calls('container', remote, [80, 443, 8080, 9090], 'egress listener'),
			...calls('container', remote, [22, 5432], 'remote'),
			...calls('container', metadata, [80], 'remote'),
			...calls('container', host, [22, 9090], 'app'),
			...calls('container', host, [8080], 'ingress listener'),
			...calls('container', host, [15000, 15001], 'nobody'),
			...calls('app', remote, [443], 'egress listener'),
			...calls('world', host, [9090], 'app'),
		],
	},
	{
		title: 'captured bridges keep to the lists of destinations, and not to those of users',
		settings: ['--bridges', 'docker+', '--only-uids', '0', '--egress-only-ports', '443'],
		calls: [
			...calls('container', remote, [443], 'egress listener'),
			...calls('container', remote, [80], 'remote'),
			...calls('root', remote, [443], 'egress listener'),
			...calls('app', remote, [443], 'remote'),
		],
	},
	{
		title: 'an ignored interface is left alone in both directions, but for the guard',
		settings: ['--app-ports', '8080-8081', '--interfaces-ignored', 'wg0,eth+'],
		calls: [
			...calls('app', remote, [443], 'remote'),
			...calls('world', host, [8080], 'app'),
			...calls('world', host, [15000], 'nobody'),
			...calls('container', host, [8081], 'ingress listener'),
		],
	},
	{
		title: 'an ignored source reaches the app itself',
		settings: [
			'--app-ports',
			'8081',
			'--ingress-ignored-ips',
			'203.0.113.10,192.0.2.0/24,2001:db8::10,2001:db8:2::/48',
		],
		calls: [
			...from(remote, calls('world', host, [8081], 'app')),
			...from(thirdRemote, calls('world', host, [8081], 'app')),
			...from(otherRemote, calls('world', host, [8081], 'ingress listener')),
			...calls('world', host, [8081], 'ingress listener'),
		],
	},
	{
		title: 'only the listed users are captured, by range and by name',
		settings: ['--only-uids', '900-1000,nobody'],
		calls: [
			...calls('app', remote, [443], 'egress listener'),
			...calls('root', remote, [443], 'remote'),
			...calls('proxyGroup', remote, [443], 'remote'),
		],
	},
	{
		title: 'only the listed groups are captured, and never an ignored user',
		settings: ['--only-gids', 'root,1337'],
		calls: [
			...calls('root', remote, [443], 'egress listener'),
			...calls('proxyGroup', remote, [443], 'egress listener'),
			...calls('proxyUser', remote, [443], 'remote'),
			...calls('app', remote, [443], 'remote'),
		],
	},
	{
		title: 'a user or a group of the lists is enough',
		settings: ['--only-uids', '1000', '--only-gids', '0'],
		calls: [
			...calls('app', remote, [443], 'egress listener'),
			...calls('root', remote, [443], 'egress listener'),
			...calls('proxyGroup', remote, [443], 'remote'),
		],
	},
	{
		title: 'only the listed addresses are captured',
		settings: ['--egress-only-ips', '203.0.113.10,192.0.2.0/24,2001:db8::10,2001:db8:2::/48'],
		calls: [
			...calls('app', remote, [443], 'egress listener'),
			...calls('app', thirdRemote, [443], 'egress listener'),
			...calls('app', otherRemote, [443], 'remote'),
		],
	},
	{
		title: 'a list of IPv4 addresses alone captures nothing of IPv6',
		settings: ['--egress-only-ips', '203.0.113.10'],
		calls: [
			...v4(calls('app', remote, [443], 'egress listener')),
			...v6(calls('app', remote, [443], 'remote')),
			...calls('app', otherRemote, [443], 'remote'),
		],
	},
	{
		title: 'only the listed ports are captured, but for those that are ignored',
		settings: ['--egress-only-ports', '443,8000-8099', '--egress-ignored-ports', '8080'],
		calls: [
			...calls('app', remote, [443, 8081], 'egress listener'),
			...calls('app', remote, [80, 8080, 9090, 22], 'remote'),
		],
	},
	{
		title: 'users, addresses and ports have to agree where all are listed',
		settings: [
			...['--only-uids', '1000', '--only-gids', '0'],
			...['--egress-only-ips', '203.0.113.10,2001:db8::10', '--egress-only-ports', '443'],
		],
		calls: [
			...calls('app', remote, [443], 'egress listener'),
			...calls('root', remote, [443], 'egress listener'),
			...calls('app', remote, [80], 'remote'),
			...calls('app', otherRemote, [443], 'remote'),
			...calls('proxyGroup', remote, [443], 'remote'),
		],
	},
	{
		title: 'addresses and ports have to agree where both are listed',
		settings: ['--egress-only-ips', '203.0.113.10,2001:db8::10', '--egress-only-ports', '443'],
		calls: [
			...calls('root', remote, [443], 'egress listener'),
			...calls('root', remote, [80], 'remote'),
			...calls('app', otherRemote, [443], 'remote'),
		],
	},
	{
		title: 'every inbound port but SSH enters through Envoy with *',
		settings: ['--app-ports', '*'],
		calls: [
			...calls('world', host, [8080, 9090], 'ingress listener'),
			...calls('world', host, [22], 'app'),
			...calls('world', host, [15000, 15001], 'nobody'),
			...calls('root', host, [9090], 'app'),
			...calls('container', remote, [8080], 'remote'),
		],
	},
	{
		title: 'every inbound port but the listed ones enters through Envoy with * and a list of ignored ports',
		settings: ['--app-ports', '*', '--ingress-ignored-ports', '9000-9099'],
		calls: [...calls('world', host, [9090], 'app'), ...calls('world', host, [22, 8080], 'ingress listener')],
	},
	{
		title: 'of more than fifteen ports and ranges each is kept, in both directions',
		settings: ['--app-ports', `9000-9100,${twentyPorts},8080`, '--egress-ignored-ports', `5400-5499,${twentyPorts},80`],
		listeners: { app: [20_000, 20_038, 20_037], remote: [20_000, 20_038, 20_037] },
		calls: [
			...calls('world', host, [8080, 9090, 20_000, 20_038], 'ingress listener'),
			...calls('world', host, [8081, 20_037], 'app'),
			...calls('app', remote, [80, 5432, 20_000, 20_038], 'remote'),
			...calls('app', remote, [443, 20_037], 'egress listener'),
		],
	},
	{
		title: "without the guard a remote may dial Envoy's own listeners",
		settings: ['--app-ports', '8080', '--guard', '0'],
		calls: [
			...calls('world', host, [15000, 8080], 'ingress listener'),
			...calls('world', host, [15001], 'egress listener'),
			...calls('app', remote, [443], 'egress listener'),
		],
	},
	{
		title: "Envoy's listeners may stand on other ports, and the guard stands before those",
		settings: ['--app-ports', '8080', '--ingress-port', '16000', '--egress-port', '16001'],
		listeners: { 'ingress listener': [16_000], 'egress listener': [16_001] },
		calls: [
			...calls('world', host, [8080], 'ingress listener'),
			...calls('app', remote, [443], 'egress listener'),
			...calls('world', host, [16_000, 16_001], 'nobody'),
		],
	},
	{
		title: 'without app ports only what leaves is captured',
		settings: [],
		calls: [
			...calls('world', host, [8080, 9090], 'app'),
			...calls('app', remote, [443], 'egress listener'),
			...calls('world', host, [15000], 'nobody'),
		],
	},
	{
		title: 'IPv6 goes past Envoy where that was asked for',
		settings: ['--app-ports', '8080', '--ipv6', '0'],
		calls: [
			...v4([...calls('world', host, [8080], 'ingress listener'), ...calls('app', remote, [443], 'egress listener')]),
			...v6([...calls('world', host, [8080], 'app'), ...calls('app', remote, [443], 'remote')]),
		],
	},
	{
		title: "root's own agents go past Envoy where that was asked for",
		settings: ['--ignore-uids', '1337,root'],
		calls: [
			...calls('root', remote, [443], 'remote'),
			...calls('proxyUser', remote, [443], 'remote'),
			...calls('app', remote, [443], 'egress listener'),
		],
	},
];
