// The task definitions of the 2019 guide, converted and run as the agent of ECS runs them, with a real Docker and a real Envoy.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createHttpPeer } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { type EcsTask, runTask, type TaskDefinition, taskAddresses } from '../../lab/services/ecs-task.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { importImage } from '../../lab/services/image.ts';
import { loadOwnImage, makeOwnImage } from '../../lab/services/own-image.ts';
import { turnout } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { client, mesh, node, only, service } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { envoyContainer, taskDefinition, taskWithXray } from '../../support/task-definitions.ts';

const { remote, credentials } = addresses;
const both = ['v4', 'v6'] as const;
const PORT = 9080;
const host = 'server.lab.local';

/** Whoever asks for the service by its name gets an answer from port 9080, if Envoy has the request: nobody listens on 80. */
const definitions = [
	mesh(),
	client([host], { listeners: [{ portMapping: { port: PORT, protocol: 'http' } }] }),
	node('server', { port: PORT }),
	...service(host, { routes: { all: { httpRoute: { match: { prefix: '/' }, action: only('server') } } } }),
];

/** Tells how its very first request went. */
const application = `
const { createServer, get } = require('node:http');
get({ host: '${remote.v4}', headers: { host: '${host}' } }, ({ statusCode, headers }) => console.log(statusCode, headers.server))
	.on('error', ({ code }) => console.log(code));
createServer((_, answer) => answer.end('app')).listen(${PORT});`;

/** Prints the datagrams that it gets: 2 is AF_INET and SOCK_DGRAM, 17 UDP. */
const xray = `socket(my $in, 2, 2, 17); bind($in, pack('S n N a8', 2, 2000, 0, '')) or die $!;
while (defined recv($in, my $text, 65536, 0)) { syswrite(STDOUT, "$text\\n") }`;

describe('a task definition of the 2019 guide, converted, in a task of ECS', async () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	const { path: folder } = stack.use(createScratch('task'));
	const docker = stack.use(await startDockerd(lab));
	const world = stack.use(createHttpPeer(lab.world));
	await world.serve({ name: 'server', address: remote.v4, port: PORT });
	await world.serve({ name: 'credentials', address: credentials.v4, port: 80 });
	const meshFile = join(folder, 'mesh.json');
	writeFileSync(meshFile, JSON.stringify(definitions));
	loadOwnImage(docker, makeOwnImage(join(folder, 'image')), 'turnout:latest');
	importImage(docker, { tag: 'application_image', program: process.execPath, args: ['--eval', application] });
	importImage(docker, { tag: 'amazon/aws-xray-daemon', program: '/usr/bin/perl', args: ['-e', xray] });
	const envoy = await findEnvoy();

	/** With the guide's placeholders filled in, and an image of Envoy with the bootstrap that the mesh and its variables make. */
	function converted(definition: object): TaskDefinition {
		const file = join(folder, 'task.json');
		const text = JSON.stringify(definition);
		writeFileSync(file, text.replaceAll('mesh/meshName/virtualNode/virtualNodeName', 'mesh/lab/virtualNode/client'));
		const { code, stdout, stderr } = turnout(lab.host, ['convert', 'task-definition', file]);
		assert.equal(code, 0, stderr);
		const task = JSON.parse(stdout) as TaskDefinition;
		const variables = task.containerDefinitions.find(({ name }) => name === 'envoy')?.environment ?? [];
		const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
		const bootstrap = turnout(lab.host, ['mesh', 'render', '--pod', meshFile], { env });
		assert.equal(bootstrap.code, 0, bootstrap.stderr);
		importImage(docker, {
			...{ tag: envoyContainer.image, program: envoy, at: '/usr/local/bin/envoy', args: ['-c', '/bootstrap.json'] },
			// For the guide's health check.
			others: ['/bin/sh', '/usr/bin/curl', '/usr/bin/grep'],
			files: { 'bootstrap.json': bootstrap.stdout },
		});
		return task;
	}

	/** In both directions and families, and nothing beside. */
	async function assertCaptured(task: EcsTask): Promise<void> {
		const firstRequest = await eventually(
			() => task.logs('app'),
			(log) => log !== '',
		);
		assert.equal(firstRequest, '200 envoy\n');
		for (const family of both) {
			const inbound = await world.get({ address: taskAddresses[family], port: PORT, host: 'client.lab.local' });
			assert.partialDeepStrictEqual(inbound, { status: 200, body: 'app', headers: { server: 'envoy' } }, family);
		}
		using app = createHttpPeer(task.inside('app'));
		for (const family of both) {
			const outbound = await app.get({ address: remote[family], port: 80, host });
			assert.partialDeepStrictEqual(outbound, { status: 200, body: 'server' }, family);
		}
		const asked = await app.get({ address: credentials.v4, port: 80, host: credentials.v4 });
		assert.deepEqual([asked.body, asked.headers['server']], ['credentials', undefined]);
		using ignored = createHttpPeer(task.inside('app', '1337'));
		assert.partialDeepStrictEqual(await ignored.get({ address: remote.v4, port: 80, host }), { body: 'ECONNREFUSED' });
	}

	test('is captured from its first connection on, and ends with its Envoy', async () => {
		await using task = await runTask(lab, docker, converted(taskDefinition()));
		await task.started;
		const [rules, proxy, app] = await Promise.all(['turnout', 'envoy', 'app'].map((name) => task.inspect(name)));
		assert.equal(rules?.State.ExitCode, 0, task.logs('turnout'));
		assert.match(
			task.logs('turnout'),
			/^Interception is on: \d+ rules for ipv4 and ipv6 in iptables-nft .*, verified\n$/,
		);
		const healthy = proxy?.State.Health?.Log.find(({ ExitCode }) => ExitCode === 0)?.End;
		const order = [rules?.State.FinishedAt, healthy, app?.State.StartedAt].map((time) => Date.parse(String(time)));
		assert.deepEqual(
			order,
			order.toSorted((a, b) => a - b),
		);
		await assertCaptured(task);
		docker.docker(['kill', 'envoy']);
		assert.equal(await task.stopped, 'the essential container envoy has ended');
		assert.equal((await task.inspect('app')).State.Running, false);
	});

	test('with X-Ray: its daemon starts after the rules, is not captured, and gets what Envoy tells of the requests', async () => {
		await using task = await runTask(lab, docker, converted(taskWithXray()));
		await task.started;
		const [rules, daemon] = await Promise.all(['turnout', 'xray-daemon'].map((name) => task.inspect(name)));
		assert.ok(Date.parse(rules?.State.FinishedAt ?? '') <= Date.parse(daemon?.State.StartedAt ?? ''));
		await assertCaptured(task);
		// One request in a second is told of for sure.
		const told = await eventually(
			async () => {
				await world.get({ address: taskAddresses.v4, port: PORT, host: 'client.lab.local' });
				return task.logs('xray-daemon');
			},
			(log) => ['egress', 'ingress'].every((direction) => log.includes(`"direction":"${direction}"`)),
		);
		assert.match(told, /"name":"lab\/client".*"origin":"AWS::AppMesh::Proxy"/);
	});

	test('starts no application where the rules cannot be made', async () => {
		const definition = converted(taskDefinition());
		const powerless = definition.containerDefinitions.map(({ linuxParameters: _, ...container }) => container);
		await using task = await runTask(lab, docker, { ...definition, containerDefinitions: powerless });
		await assert.rejects(task.started, /^Error: turnout, which must succeed, has ended with 1$/);
		await task.stopped;
		assert.match(task.logs('turnout'), /NET_ADMIN/);
		await assert.rejects(task.inspect('app'), /No such container/);
	});
});
