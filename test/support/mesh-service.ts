// A service of a mesh on a host of its own: turnout with a real Envoy, and an application that answers with its name.
import { createHttpPeer, type HttpPeer } from '../lab/net/http-peer.ts';
import type { MeshHost } from '../lab/net/mesh-hosts.ts';
import { type DaemonOptions, startDaemon, type TestDaemon } from '../lab/turnout.ts';

export interface MeshService extends AsyncDisposable {
	readonly host: MeshHost;
	readonly app: HttpPeer;
	readonly daemon: TestDaemon;
}

export interface MeshServiceOptions {
	/** Of the mesh. */
	readonly node: string;
	readonly definitions: string;
	readonly envoy: string;
	/** What its application answers, on port 80. */
	readonly answer: string;
	readonly args?: readonly string[];
}

const APP_USER = 1000;

/** How its daemon is started. */
export function meshDaemonOptions(
	{ through }: MeshHost,
	{ node, definitions, envoy, args = [] }: Omit<MeshServiceOptions, 'answer'>,
): DaemonOptions {
	const own = ['--envoy-runtime', 'process', '--envoy-command', envoy, '--start-enabled', '1'];
	return { args: [...own, '--mesh-definitions', definitions, '--mesh-node', node, ...args], through };
}

export async function startMeshService(host: MeshHost, options: MeshServiceOptions): Promise<MeshService> {
	await using stack = new AsyncDisposableStack();
	const app = stack.use(createHttpPeer(host.inside, { uid: APP_USER }));
	await app.serve({ name: options.answer, address: '0.0.0.0', port: 80 });
	const daemon = stack.use(await startDaemon(host.namespace, meshDaemonOptions(host, options)));
	const kept = stack.move();
	return { host, app, daemon, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
