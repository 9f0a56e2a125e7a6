// Hosts of one network, which find each other by name: each has an address, and a hosts file that only what runs on them sees;
// they have no DNS server, which says so at once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUpStale } from './cleanup-stale.ts';
import { renderCommon } from './layout.ts';
import { createNamespace, type Namespace } from './namespace.ts';
import { createScratch } from './scratch.ts';

export interface MeshHost {
	readonly name: string;
	readonly address: string;
	readonly namespace: Namespace;
	/** Runs programs that know the names. */
	readonly inside: Pick<Namespace, 'spawn'>;
	/** The words before a program that is to know them. */
	readonly through: readonly string[];
}

export interface MeshHosts extends Disposable {
	readonly hosts: readonly MeshHost[];
	/** The network itself, at an address that belongs to no host of the mesh. */
	readonly outside: MeshHost;
}

const NETWORK = '10.78.0';

/** `names`: of each host those that it is found by. */
export function createMeshHosts(names: Readonly<Record<string, readonly string[]>>): MeshHosts {
	cleanUpStale();
	using stack = new DisposableStack();
	const scratch = stack.use(createScratch('names'));
	const known = join(scratch.path, 'hosts');
	writeFileSync(`${known}.resolver`, '');
	const bridge = stack.use(createNamespace('switch'));
	const all = Object.entries(names).map(([name, aliases], at) => ({ name, aliases, address: `${NETWORK}.${at + 11}` }));
	// No other names: Envoy's resolver takes all addresses of a name only where they have nothing else in common.
	const lines = all.flatMap(({ aliases, address }) => aliases.map((alias) => `${address} ${alias}`));
	writeFileSync(known, `127.0.0.1 localhost\n${lines.join('\n')}\n`);
	shell(bridge, [renderCommon({ ipv6: false }), 'ip link add br0 type bridge', `ip addr add ${NETWORK}.1/24 dev br0`]);
	shell(bridge, ['ip link set br0 up']);
	const hosts = all.map(({ name, address }, at) => {
		const namespace = stack.use(createNamespace(name));
		shell(namespace, [renderCommon({ ipv6: false })]);
		shell(bridge, [
			`ip link add port${at} type veth peer name eth0 netns ${namespace.name}`,
			`ip link set port${at} up master br0`,
		]);
		shell(namespace, [
			'ip link set eth0 up',
			`ip addr add ${address}/24 dev eth0`,
			`ip route add default via ${NETWORK}.1`,
		]);
		return hostOf(name, address, namespace, known);
	});
	const outside = hostOf('outside', `${NETWORK}.1`, bridge, known);
	const kept = stack.move();
	return { hosts, outside, [Symbol.dispose]: () => kept.dispose() };
}

function hostOf(name: string, address: string, namespace: Namespace, known: string): MeshHost {
	const mount = 'mount --bind "$1" /etc/hosts; mount --bind "$1.resolver" /etc/resolv.conf; shift; exec "$@"';
	const through = ['unshare', '-m', 'sh', '-ec', mount, 'sh', known];
	const [first = '', ...words] = through;
	const inside: Pick<Namespace, 'spawn'> = {
		spawn: (program, args, options) => namespace.spawn(first, [...words, program, ...args], options),
	};
	return { name, address, namespace, inside, through };
}

const shell = (namespace: Namespace, lines: readonly string[]): string =>
	namespace.run('sh', ['-es'], { input: lines.join('\n') });
