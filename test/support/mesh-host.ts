// A host that is service A of the guide's mesh, with a real Envoy; both versions of service B answer from the world.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHost } from '../lab/net/host.ts';
import { createHttpPeer, type HttpPeer } from '../lab/net/http-peer.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { guideResources } from './guide-mesh.ts';

export interface MeshLab {
	readonly host: Namespace;
	/** Service B: `v1` answers on one address, `v2` on another. */
	readonly world: HttpPeer;
	/** Service A: answers `app`, and asks. */
	readonly app: HttpPeer;
	readonly definitions: string;
	/** Writes the definitions with these weights, as an editor does: what is saved is there at once. */
	readonly save: (weights: readonly [number, number]) => void;
	/** `folder`: a former daemon's; `from`: other definitions. */
	readonly start: (folder?: string, from?: string) => Promise<TestDaemon>;
	/** What service B is reached by beyond this host. */
	readonly beyond: Namespace;
}

const hosts = { serviceb: addresses.remote.v4, servicebv2: addresses.otherRemote.v4 };

export async function createMeshHost(stack: AsyncDisposableStack): Promise<MeshLab> {
	const { path } = stack.use(createScratch('mesh'));
	const lab = stack.use(createHost({ container: false }));
	const world = stack.use(createHttpPeer(lab.world));
	const app = stack.use(createHttpPeer(lab.host, { uid: 1000 }));
	await world.serve({ name: 'v1', address: addresses.remote.v4, port: 80 });
	await world.serve({ name: 'v2', address: addresses.otherRemote.v4, port: 80 });
	await app.serve({ name: 'app', address: '127.0.0.1', port: 80 });
	const definitions = join(path, 'mesh');
	mkdirSync(definitions);
	const envoy = ['--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), '--envoy-drain-seconds', '5'];
	return {
		...{ host: lab.host, beyond: lab.world, world, app, definitions },
		save(weights) {
			for (const [at, resource] of guideResources(weights, hosts).entries()) {
				const file = join(definitions, `${at}.json`);
				writeFileSync(`${file}~`, JSON.stringify(resource, null, 2));
				renameSync(`${file}~`, file);
			}
		},
		start: (folder, from = definitions) =>
			startDaemon(lab.host, {
				args: [...envoy, '--start-enabled', '1', '--mesh-definitions', from],
				env: { APPMESH_VIRTUAL_NODE_NAME: 'mesh/simpleapp/virtualNode/serviceA' },
				...(folder === undefined ? {} : { folder }),
			}),
	};
}
