// Several etcds, each in a namespace of its own, on a switch that others can be plugged into.
import { createNamespace, type Namespace } from '../net/namespace.ts';
import { createScratch } from '../net/scratch.ts';
import { type Etcd, type EtcdOptions, peerUrl, startEtcd } from './etcd.ts';

export interface EtcdCluster {
	readonly members: readonly Etcd[];
	/** `etcd://…`, all members of it. */
	readonly url: (prefix: string) => string;
	/** A namespace on the switch. */
	readonly plug: (role: string) => Namespace;
	/** Takes the member's cable out, or puts it in again. */
	readonly cut: (at: number) => void;
	readonly heal: (at: number) => void;
	/** With the data that it has. */
	readonly restart: (at: number) => Promise<void>;
}

export async function startEtcdCluster(
	stack: AsyncDisposableStack,
	count: number,
	options: Pick<EtcdOptions, 'args'> = {},
): Promise<EtcdCluster> {
	const center = stack.use(createNamespace('switch'));
	center.run('sh', ['-es'], { input: 'ip link set lo up; ip link add br0 type bridge; ip link set br0 up' });
	let plugged = 0;
	const plug = (role: string): Namespace => {
		const namespace = stack.use(createNamespace(role));
		plugged += 1;
		namespace.run('sh', ['-es'], { input: cable(plugged, center.name, addressOf(plugged)) });
		return namespace;
	};
	const places = Array.from({ length: count }, (_, at) => ({
		...{ host: plug(`etcd${at}`), name: `m${at}`, address: addressOf(at + 1) },
		folder: stack.use(createScratch(`etcd${at}`)).path,
	}));
	const cluster = places.map(({ name, address }) => `${name}=${peerUrl(address)}`);
	const start = ({ host, ...place }: (typeof places)[number]) => startEtcd(host, { ...place, cluster, ...options });
	const members: Etcd[] = await Promise.all(places.map(start));
	stack.defer(async () => {
		for (const member of members) await member[Symbol.asyncDispose]();
	});
	const link = (at: number, state: string) => void center.run('ip', ['link', 'set', `p${at + 1}`, state]);
	await untilHealthy(members);
	return {
		members,
		plug,
		url: (prefix) => `etcd://${places.map(({ address }) => `${address}:2379`).join()}${prefix}`,
		cut: (at) => link(at, 'down'),
		heal: (at) => link(at, 'up'),
		async restart(at) {
			const place = places[at];
			if (place !== undefined) members[at] = await start(place);
		},
	};
}

/** etcd writes no addresses of others into its data but these. */
const addressOf = (at: number): string => `10.79.0.${10 + at}`;

const cable = (at: number, center: string, address: string): string => `
ip link set lo up
ip link add eth0 type veth peer name p${at} netns ${center}
ip addr add ${address}/24 dev eth0
ip link set eth0 up
nsenter --net=/var/run/netns/${center} ip link set p${at} master br0 up
`;

async function untilHealthy(members: readonly Etcd[]): Promise<void> {
	for (const { tryCtl, log, process } of members)
		for (let tries = 0; tryCtl('get', '/none').code !== 0; tries += 1)
			if (tries > 100 || process.exitCode !== null) throw new Error(`etcd does not start:\n${log()}`);
}
