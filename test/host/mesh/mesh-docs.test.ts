// docs/mesh.md, followed word for word on three hosts: its names, its definitions, its variable, and what it says of them.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHttpPeer, type HttpPeer } from '../../lab/net/http-peer.ts';
import { createMeshHosts, type MeshHost } from '../../lab/net/mesh-hosts.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon, type TestDaemon, turnout } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { MESH_PAGE, meshPageFiles, meshPageText } from '../../support/mesh-page.ts';
import { commandsOf } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const [PAGE, text, files] = [MESH_PAGE, meshPageText, meshPageFiles];

/** Who has which names, a line for each host. */
const names = commandsOf(PAGE, '/etc/hosts')
	.split('\n')
	.slice(1)
	.filter(Boolean)
	.map((line) => line.split(' ').slice(1));

const [, variable = '', mesh = '', first = ''] =
	/^(\w+)=(mesh\/\w+\/virtualNode)\/(\w+)$/m.exec(commandsOf(PAGE, '/etc/turnout/environment')) ?? [];

/** Of a block for a terminal: the line that has it, without its comment. */
const lineWith = (words: string): string => {
	const line = text.split('\n').find((each) => each.trim().startsWith(words)) ?? '';
	return line.trim().replace(/\s+#.*$/, '');
};

interface Service {
	readonly host: MeshHost;
	readonly app: HttpPeer;
	readonly daemon: TestDaemon;
}

const APP_USER = 1000;

describe(`${PAGE}, word for word`, async () => {
	const stack = suiteStack();
	const folder = join(stack.use(createScratch('page')).path, 'mesh');
	mkdirSync(folder);
	/** As an editor does. */
	const save = (name: string) => {
		writeFileSync(join(folder, `.${name}`), files.get(name) ?? '');
		renameSync(join(folder, `.${name}`), join(folder, name));
	};
	const prepared = [...files.keys()].filter((name) => name !== 'metrics.json');
	for (const name of prepared) save(name);
	const { hosts, outside } = stack.use(
		createMeshHosts(Object.fromEntries([...names, []].map((own, at) => [`h${at}`, own]))),
	);
	const nodes = names.map((own) => (own.at(-1) ?? '').split('.')[0] ?? '');
	const services = await Promise.all(nodes.map((node, at) => start(hosts[at], node)));
	// At once: each waits at its end for the connections that the Envoys of the others keep open.
	stack.defer(() => Promise.all(services.map(({ daemon }) => daemon.stop())).then(() => undefined));
	const [a, ...others] = services;

	async function start(host: MeshHost | undefined, node: string): Promise<Service> {
		if (host === undefined) throw new Error('unreachable: there is one for each node');
		const app = stack.use(createHttpPeer(host.inside, { uid: APP_USER }));
		await app.serve({ name: node, address: '127.0.0.1', port: node === first ? 8080 : 80 });
		const own = ['--mesh-definitions', folder, '--envoy-runtime', 'process', '--envoy-command', await findEnvoy()];
		const daemon = stack.use(
			await startDaemon(host.namespace, {
				args: [...own, '--envoy-log-level', 'off', '--envoy-drain-seconds', '5'],
				env: { [variable]: `${mesh}/${node}` },
				through: host.through,
			}),
		);
		return { host, app, daemon };
	}

	test('the page names files, hosts, and the variable by which a host knows which node it is', () => {
		assert.deepEqual([...files.keys()], ['serviceA.json', 'serviceB.json', 'metrics.json']);
		assert.deepEqual(nodes, ['serviceA', 'serviceBv1', 'serviceBv2']);
		assert.deepEqual([variable, first], ['APPMESH_VIRTUAL_NODE_NAME', 'serviceA']);
	});

	test('check finds no mistake, and show has where service A sends to', () => {
		const run = (line: string) => turnout(outside.namespace, [...lineWith(line).split(/\s+/).slice(1), folder]);
		assert.match(run('turnout mesh check').stdout, /^No mistakes: simpleapp, 3 virtual nodes\n$/);
		assert.match(run('turnout mesh show').stdout, /takes in http 8080\n.*serviceB\.simpleapp\.local.*90 % .*10 % /s);
	});

	test('once enabled, a tenth of the requests goes to version 2, and a line of the log is about the last one', async () => {
		assert.ok(a);
		for (const { daemon } of [a, ...others]) assert.equal(daemon.ask('enable').code, 0);
		const [program = '', ...words] = [...a.host.through, 'sh', '-c', lineWith('curl ')];
		// Envoy may still be looking up the names of the nodes.
		const get = () => a.host.namespace.tryRun(program, words).stdout;
		await eventually(get, (answer) => /^serviceBv[12]$/.test(answer));
		const url = new URL(lineWith('curl ').replace('curl ', ''));
		const counts = await eventually(
			() => ask(a, url, ROUND),
			(now) => (now.get('serviceBv1') ?? 0) + (now.get('serviceBv2') ?? 0) === ROUND,
		);
		const share = (counts.get('serviceBv2') ?? 0) / ROUND;
		assert.ok(share > 0.03 && share < 0.2, `${share} of all`);
		const [, said = ''] = /^ *turnout status +# (mesh .*?) …$/m.exec(text) ?? [];
		assert.match(a.daemon.ask('status').stdout, new RegExp(said.replace(/\s+/, '\\s+')));
		await eventually(
			() => a.daemon.ask(...lineWith('turnout logs').split(' ').slice(1)).stdout,
			// Envoy writes its log every ten seconds, or when there is enough of it.
			(line) => new RegExp(`"GET / HTTP/1\\.1" 200 .*"${url.host}"`).test(line),
		);
	});

	test('inbound requests enter through Envoy on the port of the listener, though no appPorts are set', async () => {
		assert.ok(a);
		const world = stack.use(createHttpPeer(outside.namespace));
		const { body } = await world.get({ address: a.host.address, port: 8080, host: 'serviceA.simpleapp.local' });
		const { counters } = await a.daemon.readStatus();
		assert.deepEqual([body, counters.ingress.connections], ['serviceA', 1]);
	});

	test('the route for a prefix holds once its file is saved', async () => {
		assert.ok(a);
		save('metrics.json');
		const path = '/metrics/today';
		const url = new URL(path, lineWith('curl ').replace('curl ', ''));
		await eventually(
			() => ask(a, url, 20),
			(counts) => counts.get('serviceBv2') === 20,
		);
	});

	test('what the page says of symptoms: 404 for another name, a reset on another port', async () => {
		assert.ok(a && others[0]);
		const { address } = others[0].host;
		assert.equal((await a.app.get({ address, port: 80, host: 'serviceBv1.simpleapp.local' })).status, 404);
		assert.equal((await a.app.get({ address, port: 81, host: 'serviceB.simpleapp.local' })).status, 0);
		const { stdout } = a.host.namespace.tryRun('curl', ['-s', 'http://127.0.0.1:9901/stats']);
		assert.match(stdout, /^http\.egress\.no_route: 1$/m);
		assert.match(stdout, /^listener\.0\.0\.0\.0_15001\.no_filter_chain_match: 1$/m);
	});

	test("an Envoy with a bootstrap as AWS's image makes it gets all of it from the endpoint that the page names", async () => {
		const endpoint = /APPMESH_XDS_ENDPOINT=(\S+)/.exec(text)?.[1] ?? '';
		const [, , , free] = hosts;
		assert.ok(free);
		await using daemon = await startDaemon(free.namespace, {
			args: ['--mesh-definitions', folder],
			env: { [variable]: `${mesh}/${first}` },
			through: free.through,
		});
		const config = join(folder, '..', 'aws.json');
		writeFileSync(
			config,
			awsBootstrap(`${mesh}/${first}`, endpoint.replace('/run/turnout/control.sock', daemon.socket)),
		);
		const envoy = free.inside.spawn(await findEnvoy(), ['--config-path', config, '--log-level', 'off'], {});
		stack.defer(() => void envoy.kill('SIGKILL'));
		const listeners = () => free.namespace.tryRun('curl', ['-s', 'http://127.0.0.1:9901/listeners']).stdout;
		await eventually(listeners, (names) => /^lds_ingress_.*^lds_egress_/ms.test(names));
		// Envoy has its listeners a moment before its ACK has reached the daemon.
		await eventually(
			() => daemon.readStatus(),
			(status) => status.mesh?.settled === 1,
		);
	});

	/** By its name, as the hosts resolve it. */
	async function ask({ app }: Service, { host, pathname }: URL, times: number): Promise<Map<string, number>> {
		const at = names.findIndex((own) => own.includes(hostAsWritten(host)));
		const target = { address: hosts[at]?.address ?? '', port: 80, host, path: pathname };
		const counts = new Map<string, number>();
		for (let time = 0; time < times; time += 1) {
			const { body } = await app.get(target);
			counts.set(body, (counts.get(body) ?? 0) + 1);
		}
		return counts;
	}
});

/** Of its agent's, for an endpoint that is a socket: Google's gRPC client, and a cluster that nobody describes. */
function awsBootstrap(id: string, targetUri: string): string {
	const ads = { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' };
	const edsConfig = { ...ads, initialFetchTimeout: '0.001s' };
	return JSON.stringify({
		node: { id, cluster: id },
		admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 9901 } } },
		clusterManager: { localClusterName: 'local_cluster' },
		staticResources: { clusters: [{ name: 'local_cluster', type: 'EDS', edsClusterConfig: { edsConfig } }] },
		dynamicResources: {
			...{ ldsConfig: ads, cdsConfig: ads },
			adsConfig: {
				...{ apiType: 'GRPC', transportApiVersion: 'V3' },
				grpcServices: [{ googleGrpc: { statPrefix: 'ads', targetUri } }],
			},
		},
	});
}

/** A URL has small letters only. */
const hostAsWritten = (host: string): string =>
	names.flat().find((name) => name.toLowerCase() === host.toLowerCase()) ?? host;

const ROUND = 300;
