// The demo's little world: the lab's host, with a second bridge whose container is captured too, and with rules of others.

import { installDockerRules } from '../lab/net/docker-rules.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { renderCommon } from '../lab/net/layout.ts';
import { createNamespace, type Namespace } from '../lab/net/namespace.ts';
import { createPeer, type Peer } from '../lab/net/peer.ts';
import { createPeers, type Peers } from '../lab/net/peers.ts';
import { type Family, restore } from '../lab/net/restore.ts';
import { ignoredNetwork, ports } from './rows.ts';

export interface World extends Disposable {
	readonly lab: Host;
	readonly cast: Peers & { readonly meshed: Peer };
}

export const meshedBridge = 'br-mesh';

export async function createWorld(): Promise<World> {
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ worldAddresses: [`${ignoredNetwork.v4}/32`, `${ignoredNetwork.v6}/128`] }));
	const namespace = stack.use(createNamespace('meshed'));
	addMeshedContainer(lab.host, namespace);
	installDockerRules(lab.host, 'nft');
	restore(lab.host, 'nft', rulesOfOthers);
	const appPorts = [22, ports.app, ports.other];
	const meshed = stack.use(createPeer(namespace));
	const cast = stack.use(await createPeers(lab, { envoy: false, appPorts }));
	const kept = stack.move();
	return { lab, cast: { ...cast, meshed }, [Symbol.dispose]: () => kept.dispose() };
}

function addMeshedContainer(host: Namespace, meshed: Namespace): void {
	const shell = (namespace: Namespace, lines: readonly string[]) =>
		namespace.run('sh', ['-es'], { input: lines.join('\n') });
	shell(meshed, [renderCommon({ ipv6: true })]);
	shell(host, [
		`ip link add ${meshedBridge} type bridge`,
		`ip link add veth1 type veth peer name eth0 netns ${meshed.name}`,
		`ip link set veth1 up master ${meshedBridge}`,
		`ip addr add 172.18.0.1/16 dev ${meshedBridge}`,
		`ip addr add fd18::1/64 dev ${meshedBridge} nodad`,
		`ip link set ${meshedBridge} up`,
	]);
	shell(meshed, [
		'ip link set eth0 up',
		'ip addr add 172.18.0.2/16 dev eth0',
		'ip addr add fd18::2/64 dev eth0 nodad',
		'ip route add default via 172.18.0.1',
		'ip route add default via fd18::1',
	]);
}

/** The mark that AWS's network plugin sets on an instance. */
export const networkPlugin = `*mangle
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
COMMIT
`;

/** What Docker adds for a second bridge. */
const rulesOfOthers = (family: Family): string => `*filter
-A FORWARD -o ${meshedBridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ${meshedBridge} ! -o ${meshedBridge} -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s ${family === 'v4' ? '172.18.0.0/16' : 'fd18::/64'} ! -o ${meshedBridge} -j MASQUERADE
COMMIT
${networkPlugin}`;
