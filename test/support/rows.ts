// DATA. The behaviour table: who connects to what, and who answers, in every state that a host can be in.

import { addresses } from '../lab/net/layout.ts';
import type { Peers } from '../lab/net/peers.ts';

export type Who = keyof typeof people;
export type Answerer =
	| 'remote'
	| 'app'
	| 'container'
	| 'egress listener'
	| 'ingress listener'
	/** Dropped on the way. */
	| 'nobody';

export const people = {
	app: 'the app',
	root: 'root',
	proxyUser: "Envoy's user",
	proxyGroup: "another user of Envoy's group",
	world: 'a remote',
	container: 'a container',
} satisfies Partial<Record<keyof Peers, string>>;

/** What a connection goes to; a place without an address of a family has no row in it. */
export interface Place {
	readonly name: string;
	readonly v4?: string;
	readonly v6?: string;
}

export const places = {
	remote: { name: 'a remote', ...addresses.remote },
	ignoredAddress: { name: 'an ignored address', ...addresses.otherRemote },
	ignoredNetwork: { name: 'an ignored network', v4: '192.0.2.7', v6: '2001:db8:2::7' },
	metadata: { name: 'the metadata service', ...addresses.metadata },
	credentials: { name: 'the credentials service', ...addresses.credentials },
	loopback: { name: 'the loopback', v4: '127.0.0.1', v6: '::1' },
	otherLoopback: { name: 'another address of the loopback', v4: '127.5.5.5' },
	host: { name: 'the host', ...addresses.host },
	bridge: { name: "the host's bridge", ...addresses.bridge },
	container: { name: 'the container', ...addresses.container },
} as const satisfies Readonly<Record<string, Place>>;

/** More addresses for the world, beside the lab's own. */
export const worldAddresses: readonly string[] = ['192.0.2.7/32', '2001:db8:2::7/128'];

export interface Row {
	readonly who: Who;
	readonly to: Place;
	readonly port: number;
	/** While nothing of ours is there. */
	readonly plain: Answerer;
	readonly captured: Answerer;
	/** The same on a host whose Docker publishes port 8080, where that changes the answer. */
	readonly published?: { readonly plain: Answerer; readonly captured: Answerer };
}

/** The settings that the table is about; everything else by default. */
export const tableSettings: readonly string[] = [
	...['--app-ports', '80,8080-8081'],
	...['--ignore-uids', '1337', '--ignore-gids', '1337'],
	...['--egress-ignored-ports', '5432'],
	'--egress-ignored-ips',
	[
		'169.254.169.254',
		'fd00:ec2::254',
		'169.254.170.2',
		'203.0.113.11',
		'2001:db8::11',
		'192.0.2.0/24',
		'2001:db8:2::/48',
	].join(),
];

const {
	remote,
	ignoredAddress,
	ignoredNetwork,
	metadata,
	credentials,
	loopback,
	otherLoopback,
	host,
	bridge,
	container,
} = places;

const row = (who: Who, to: Place, port: number, plain: Answerer, captured: Answerer = plain): Row => ({
	who,
	to,
	port,
	plain,
	captured,
});

export const table: readonly Row[] = [
	row('app', remote, 443, 'remote', 'egress listener'),
	// The app's own ports mean nothing on the way out.
	row('app', remote, 8080, 'remote', 'egress listener'),
	row('root', remote, 443, 'remote', 'egress listener'),
	row('app', remote, 22, 'remote'),
	row('app', remote, 5432, 'remote'),
	row('app', metadata, 80, 'remote'),
	row('app', credentials, 80, 'remote'),
	row('app', ignoredAddress, 443, 'remote'),
	row('app', ignoredNetwork, 443, 'remote'),
	row('proxyUser', remote, 443, 'remote'),
	row('proxyUser', remote, 8080, 'remote'),
	row('proxyGroup', remote, 443, 'remote'),
	row('app', loopback, 8081, 'app'),
	row('root', loopback, 9090, 'app'),
	row('app', otherLoopback, 8081, 'app'),
	row('app', host, 8081, 'app'),
	row('root', bridge, 9090, 'app'),
	{ ...row('root', host, 8080, 'app'), published: { plain: 'container', captured: 'container' } },
	{
		...row('world', host, 8080, 'app', 'ingress listener'),
		published: { plain: 'container', captured: 'ingress listener' },
	},
	row('world', host, 8081, 'app', 'ingress listener'),
	row('world', host, 9090, 'app'),
	row('world', host, 22, 'app'),
	row('world', host, 15000, 'ingress listener', 'nobody'),
	row('world', host, 15001, 'egress listener', 'nobody'),
	row('world', container, 80, 'container'),
	row('container', remote, 443, 'remote'),
	// An app port of this host: the 2019 script took it for a connection to this host.
	row('container', remote, 8080, 'remote'),
	row('container', host, 9090, 'app'),
	row('container', bridge, 22, 'app'),
	row('container', host, 8081, 'app', 'ingress listener'),
	row('container', host, 15001, 'egress listener', 'nobody'),
];

/** A state that a host can be in, as far as the table knows it. */
export interface HostState {
	readonly isCaptured: boolean;
	readonly hasDocker: boolean;
}

/** Somebody connects over one family. */
export interface Attempt {
	readonly who: Who;
	readonly address: string;
	readonly port: number;
	/** The caller's own address, where it is not the first that fits. */
	readonly from?: string;
}

/** And somebody has to answer. */
export interface Call extends Attempt {
	readonly expected: Answerer;
	readonly title: string;
}

export const callsOf = ({ isCaptured, hasDocker }: HostState, rows: readonly Row[] = table): Call[] =>
	rows.flatMap((each) => {
		const { plain, captured } = (hasDocker ? each.published : undefined) ?? each;
		return overBothFamilies(each, isCaptured ? captured : plain);
	});

/** One call for each family in which the place has an address. */
export const overBothFamilies = ({ who, to, port }: Pick<Row, 'who' | 'to' | 'port'>, expected: Answerer): Call[] =>
	[to.v4, to.v6]
		.filter((address) => address !== undefined)
		.map((address) => {
			const target = `${to.name}'s port ${port} over ${address.includes(':') ? 'IPv6' : 'IPv4'}`;
			const title = `when ${people[who]} connects to ${target}, ${expected === 'nobody' ? 'nobody' : `the ${expected}`} answers`;
			return { who, address, port, expected, title };
		});
