// The usual peers of a host: listeners that answer with their name, and clients by uid and gid.

import type { Host } from './host.ts';
import type { Namespace } from './namespace.ts';
import { createPeer, type Peer } from './peer.ts';

export const ids = { app: 1000, proxy: 1337, otherOfProxyGroup: 1001 } as const;

export const remotePorts: readonly number[] = [22, 80, 443, 5432, 8080, 8081, 9090, 15000, 15001];
export const usualAppPorts: readonly number[] = [22, 8080, 8081, 9090];
export const containerPorts: readonly number[] = [80, 8080];

export interface PeersOptions {
	/** False: no stand-in for Envoy, because a real one listens. */
	readonly envoy?: boolean;
	/** Where `app` answers: fewer than usual when Docker has published one of them. */
	readonly appPorts?: readonly number[];
	readonly egressPort?: number;
	readonly ingressPort?: number;
	/** Where `world` answers: not on ports that another listener out there has. */
	readonly worldPorts?: readonly number[];
	/** What the container answers with; `container` unless given. */
	readonly containerName?: string;
}

export interface Peers extends Disposable {
	/** Answers `remote` on all of the world's addresses. */
	readonly world: Peer;
	/** uid 1000. Answers `app`. */
	readonly app: Peer;
	readonly root: Peer;
	/** uid and gid 1337. Answers `egress listener` and `ingress listener`. */
	readonly proxyUser: Peer;
	/** Another uid, with Envoy's gid. */
	readonly proxyGroup: Peer;
	/** Answers `container`, or the name that it was given. */
	readonly container: Peer;
}

export async function createPeers(lab: Host, options: PeersOptions = {}): Promise<Peers> {
	using stack = new DisposableStack();
	const peer = (namespace: Namespace, uid?: number, gid = uid): Peer =>
		stack.use(createPeer(namespace, uid === undefined || gid === undefined ? {} : { uid, gid }));
	const peers = {
		world: peer(lab.world),
		app: peer(lab.host, ids.app),
		root: peer(lab.host),
		proxyUser: peer(lab.host, ids.proxy),
		proxyGroup: peer(lab.host, ids.otherOfProxyGroup, ids.proxy),
		container: peer(lab.container),
	};
	await listenAll(peers, options);
	const kept = stack.move();
	return { ...peers, [Symbol.dispose]: () => kept.dispose() };
}

async function listenAll(peers: Omit<Peers, typeof Symbol.dispose>, options: PeersOptions): Promise<void> {
	const { envoy = true, appPorts = usualAppPorts, worldPorts = remotePorts } = options;
	const { egressPort = 15001, ingressPort = 15000, containerName = 'container' } = options;
	const { world, app, proxyUser, container } = peers;
	await Promise.all([
		world.listen('remote', worldPorts),
		app.listen('app', appPorts),
		container.listen(containerName, containerPorts),
		...(envoy ? [proxyUser.listen('egress listener', [egressPort])] : []),
		...(envoy ? [proxyUser.listen('ingress listener', [ingressPort])] : []),
	]);
}
