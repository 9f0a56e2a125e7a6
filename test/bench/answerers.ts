import type { Host } from '../lab/net/host.ts';
import { createPeer } from '../lab/net/peer.ts';
import { ids } from '../lab/net/peers.ts';

export interface Answerers extends Disposable {
	readonly ready: Promise<unknown>;
}

/** The peers that a figure needs: the world, and a stand-in for Envoy. */
export function createAnswerers({ world, host }: Host): Answerers {
	const stack = new DisposableStack();
	const ready = Promise.all([
		stack.use(createPeer(world)).listen('remote', [80, 443]),
		stack.use(createPeer(host, { uid: ids.proxy })).listen('envoy', [15000, 15001]),
	]);
	return { ready, [Symbol.dispose]: () => stack.dispose() };
}
