// The usual cast of a host: everybody who may answer, by name, and everybody who may ask, by uid and gid.

import type { Host } from './host.ts';
import type { Namespace } from './namespace.ts';
import { type Actor, createActor } from './peer.ts';

export const ids = { app: 1000, proxy: 1337, otherOfProxyGroup: 1001 } as const;

export const remotePorts: readonly number[] = [22, 80, 443, 5432, 8080, 8081, 9090, 15000, 15001];
export const usualAppPorts: readonly number[] = [22, 8080, 8081, 9090];
export const containerPorts: readonly number[] = [80, 8080];

export interface CastOptions {
	/** False: nobody stands in for Envoy, as a real one listens. */
	readonly envoy?: boolean;
	/** Where `app` answers: fewer than usual when Docker has published one of them. */
	readonly appPorts?: readonly number[];
	readonly egressPort?: number;
	readonly ingressPort?: number;
	/** Where `world` answers: not on a port that somebody else out there has. */
	readonly worldPorts?: readonly number[];
}

export interface Cast extends Disposable {
	/** Answers `remote` on all of the world's addresses. */
	readonly world: Actor;
	/** uid 1000. Answers `app`. */
	readonly app: Actor;
	readonly root: Actor;
	/** uid and gid 1337. Answers `egress listener` and `ingress listener`. */
	readonly proxyUser: Actor;
	/** Another uid, with Envoy's gid. */
	readonly proxyGroup: Actor;
	/** Answers `container`. */
	readonly container: Actor;
}

export async function createCast(lab: Host, options: CastOptions = {}): Promise<Cast> {
	using stack = new DisposableStack();
	const actor = (namespace: Namespace, uid?: number, gid = uid): Actor =>
		stack.use(createActor(namespace, uid === undefined || gid === undefined ? {} : { uid, gid }));
	const actors = {
		world: actor(lab.world),
		app: actor(lab.host, ids.app),
		root: actor(lab.host),
		proxyUser: actor(lab.host, ids.proxy),
		proxyGroup: actor(lab.host, ids.otherOfProxyGroup, ids.proxy),
		container: actor(lab.container),
	};
	await takePlaces(actors, options);
	const kept = stack.move();
	return { ...actors, [Symbol.dispose]: () => kept.dispose() };
}

async function takePlaces(actors: Omit<Cast, typeof Symbol.dispose>, options: CastOptions): Promise<void> {
	const { envoy = true, appPorts = usualAppPorts, worldPorts = remotePorts } = options;
	const { egressPort = 15001, ingressPort = 15000 } = options;
	const { world, app, proxyUser, container } = actors;
	await Promise.all([
		world.listen('remote', worldPorts),
		app.listen('app', appPorts),
		container.listen('container', containerPorts),
		...(envoy ? [proxyUser.listen('egress listener', [egressPort])] : []),
		...(envoy ? [proxyUser.listen('ingress listener', [ingressPort])] : []),
	]);
}
