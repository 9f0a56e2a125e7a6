// One host whose Envoy has any definitions, for tests of what their fields do: servers in the world, an application that asks.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHost } from '../lab/net/host.ts';
import { createHttpPeer, type HttpPeer } from '../lab/net/http-peer.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { type Outcome, startDaemon, type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import { eventually } from './eventually.ts';

export interface FieldLab {
	readonly host: Namespace;
	/** Its namespace. Its first address is where the host looks for a DNS server. */
	readonly outside: Namespace;
	readonly world: HttpPeer;
	readonly app: HttpPeer;
	/** A folder that Envoy's user may write to. */
	readonly folder: string;
	readonly definitions: string;
	/** A command that needs no daemon, on the host of the virtual node `client`. */
	readonly turnout: (...args: string[]) => Outcome;
	/** Replaces all definitions, as an editor does. */
	readonly save: (definitions: readonly object[]) => void;
	readonly start: (definitions: readonly object[], options?: FieldLabOptions) => Promise<TestDaemon>;
}

export interface FieldLabOptions {
	/** The virtual node `client`, unless another is given. */
	readonly proxy?: string;
	readonly env?: Readonly<Record<string, string>>;
}

const ENVOY_USER = 1337;
const APP_USER = 1000;

/** Before a program: this file is what tells it of DNS servers. */
const withResolver = ['unshare', '-m', 'sh', '-ec', 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"', 'sh'];

export async function createFieldLab(stack: AsyncDisposableStack): Promise<FieldLab> {
	const { path } = stack.use(createScratch('fields'));
	const lab = stack.use(createHost({ container: false }));
	const world = stack.use(createHttpPeer(lab.world));
	const app = stack.use(createHttpPeer(lab.host, { uid: APP_USER }));
	const [definitions, folder] = [join(path, 'mesh'), join(path, 'files')];
	const resolver = join(path, 'resolv.conf');
	writeFileSync(resolver, `nameserver ${addresses.world.v4}\n`);
	for (const each of [definitions, folder]) mkdirSync(each);
	lab.host.run('chown', [`${ENVOY_USER}`, folder]);
	const save = (resources: readonly object[]) => {
		const file = join(definitions, 'mesh.json');
		writeFileSync(`${file}~`, JSON.stringify(resources, null, 2));
		renameSync(`${file}~`, file);
	};
	const envoy = ['--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), '--envoy-drain-seconds', '5'];
	return {
		...{ host: lab.host, outside: lab.world, world, app, folder, definitions, save },
		turnout(...args) {
			const [program = '', ...words] = [...withResolver, resolver, turnoutProgram, ...args];
			return lab.host.tryRun(program, words, { env: { APPMESH_VIRTUAL_NODE_NAME: 'mesh/lab/virtualNode/client' } });
		},
		async start(resources, { proxy = 'virtualNode/client', env = {} } = {}) {
			save(resources);
			const args = [
				...envoy,
				'--start-enabled',
				'1',
				'--mesh-definitions',
				definitions,
				'--mesh-node',
				`mesh/lab/${proxy}`,
			];
			return stack.use(await startDaemon(lab.host, { args, env, through: [...withResolver, resolver] }));
		},
	};
}

/** Envoy has taken over what was saved: its routes' version is another than `former`, and all is accepted. */
export const settled = (daemon: TestDaemon, former?: string) =>
	eventually(
		async () => (await daemon.readStatus()).mesh,
		(mesh) => mesh?.settled === 1 && mesh.version !== former,
	);

/** A counter or gauge of Envoy. */
export async function readStatistic(app: HttpPeer, name: string): Promise<number> {
	const { body } = await app.get({
		...{ address: '127.0.0.1', port: 9901, host: 'localhost' },
		path: `/stats?filter=${encodeURIComponent(`^${name}$`)}`,
	});
	return Number(body.split(': ')[1] ?? 'NaN');
}
