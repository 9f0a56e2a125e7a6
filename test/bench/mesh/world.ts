// Hosts of a mesh that is measured: one asks, one answers, both with turnout and Envoy; one more has an Envoy by itself.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpPeer } from '../../lab/net/http-peer.ts';
import { createMeshHosts, type MeshHost } from '../../lab/net/mesh-hosts.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { turnout } from '../../lab/turnout.ts';
import { type MeshService, type MeshServiceOptions, startMeshService } from '../../support/mesh-service.ts';
import {
	createDefinitions,
	extraPort,
	type MeshState,
	names,
	nodes,
	ports,
	servicePort,
	versions,
	writeAnswerer,
} from './changing-mesh.ts';
import { createLoad, type Load } from './load.ts';

/** A host that is changed while it is at work. */
export interface Way {
	readonly address: string;
	/** On this host. */
	readonly egress: Load;
	/** On another one, which has no Envoy. */
	readonly ingress: Load;
	/** Resolves to the moment of the change. */
	readonly save: (state: MeshState) => number;
}

export interface MeshWorld {
	readonly hosts: Readonly<Record<'asker' | 'answerer' | 'reference' | 'plain' | 'silent' | 'outside', MeshHost>>;
	readonly envoy: string;
	/** A folder of the bench's own. */
	readonly folder: string;
	/** How the asking host's daemon is started. */
	readonly asking: MeshServiceOptions;
	readonly asker: MeshService;
	readonly ours: Way;
	/** Its Envoy is yet to be started, and `save` does nothing before. */
	readonly reference: Omit<Way, 'save'>;
}

/** `stable`: so soon an Envoy that dies is started again without a pause. */
const SETTINGS = ['--envoy-drain-seconds', '5', '--envoy-stable-seconds', '1'];

export async function openMeshWorld(stack: AsyncDisposableStack): Promise<MeshWorld> {
	const { path: folder } = stack.use(createScratch('bench-mesh'));
	const { hosts: all, outside } = stack.use(
		createMeshHosts({ asker: [names.asker], answerer: [names.answerer], reference: [], plain: [], silent: [] }),
	);
	const [asker, answerer, reference, plain, silent] = all;
	if (!asker || !answerer || !reference || !plain || !silent) throw new Error('unreachable: there are five');
	const hosts = { asker, answerer, reference, plain, silent, outside };
	const envoy = await findEnvoy();
	const [own, others] = [join(folder, 'asker'), join(folder, 'answerer')];
	writeAnswerer(others);
	mkdirSync(own);
	const definitions = createDefinitions(own);
	definitions.save({});
	const asking = { node: nodes.asker, definitions: own, envoy, answer: 'asker', args: SETTINGS };
	const started = await Promise.all([
		startMeshService(asker, asking),
		startMeshService(answerer, { ...asking, node: nodes.answerer, definitions: others, answer: versions[0][1] }),
	]);
	stack.defer(async () => void (await Promise.all(started.map((service) => service[Symbol.asyncDispose]()))));
	const [askingService, answering] = started;
	await askingService.app.serve({ name: 'asker', address: '0.0.0.0', port: extraPort });
	for (const [port, name] of versions.slice(1)) await answering.app.serve({ name, address: '0.0.0.0', port });
	await prepareReference(hosts, stack);
	const loadsOf = ({ address, namespace }: MeshHost) => {
		const [egress, ingress] = [namespace, outside.namespace].map((from) => stack.use(createLoad(from)));
		if (!egress || !ingress) throw new Error('unreachable: there are two');
		return { address, egress, ingress };
	};
	return {
		...{ hosts, envoy, folder, asking, asker: askingService },
		ours: { ...loadsOf(asker), save: definitions.save },
		reference: loadsOf(reference),
	};
}

/** The same application, and the same rules, from a command that ends. */
async function prepareReference({ reference }: MeshWorld['hosts'], stack: AsyncDisposableStack): Promise<void> {
	const app = stack.use(createHttpPeer(reference.inside, { uid: 1_000 }));
	for (const port of [servicePort, extraPort]) await app.serve({ name: 'asker', address: '0.0.0.0', port });
	const { code, stderr } = turnout(reference.namespace, [
		...['init', '--app-ports', `${servicePort}`, '--ignore-uids', '1337'],
		...['--ingress-port', `${ports.ingressPort}`, '--egress-port', `${ports.egressPort}`],
	]);
	if (code !== 0) throw new Error(`Cannot prepare the reference: ${stderr}`);
}
