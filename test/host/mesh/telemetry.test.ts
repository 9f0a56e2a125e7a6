// What Envoy's variables of App Mesh are for: traces and statistics arrive where these say.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import type { TestDaemon } from '../../lab/turnout.ts';
import { createCollector } from '../../support/collector.ts';
import { rulesOf } from '../../support/daemon.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote, host } = addresses;

describe('an Envoy of a mesh tells of itself', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app, world, folder } = lab;
	await world.serve({ name: 'server', address: remote.v4, port: 9080 });
	await app.serve({ name: 'app', address: '127.0.0.1', port: 8080 });
	const socket = join(folder, 'statsd.sock');
	const at = stack.use(
		await createCollector(lab.host, ['udp:2001', 'udp:8126', 'http:8127', 'http:9412', `unix:${socket}`]),
	);
	const definitions = [
		mesh(),
		client(['server.lab.local'], { listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] }),
		node('server', { port: 9080 }),
		...service('server.lab.local', {
			routes: { all: { httpRoute: { match: { prefix: '/' }, action: only('server') } } },
		}),
	];

	/** With an Envoy that has these variables, and has passed on requests of both directions. */
	async function withEnvoy(
		env: Readonly<Record<string, string>>,
		check: (daemon: TestDaemon) => Promise<void>,
	): Promise<void> {
		// Zipkin's tracer sends five spans at a time, of one thread.
		const soon = { ENVOY_STATS_FLUSH_INTERVAL: '500ms', ENVOY_CONCURRENCY: '1' };
		const daemon = await lab.start(definitions, { env: { ...soon, ...env } });
		try {
			for (const _ of Array.from({ length: 5 })) {
				const { status } = await app.get({ address: remote.v4, port: 80, host: 'server.lab.local', path: '/out' });
				assert.equal(status, 200, daemon.log());
			}
			const inbound = await world.get({ address: host.v4, port: 8080, host: 'client.lab.local', path: '/in' });
			assert.equal(inbound.status, 200);
			await check(daemon);
		} finally {
			await daemon.stop();
		}
	}

	test('to X-Ray, by its name in the mesh, and to DogStatsD, with tags', () => {
		const env = {
			...{ ENABLE_ENVOY_XRAY_TRACING: '1', XRAY_DAEMON_PORT: '2001', XRAY_SAMPLING_RATE: '1' },
			...{ ENABLE_ENVOY_DOG_STATS: '1', STATSD_PORT: '8126', ENABLE_ENVOY_STATS_TAGS: '1' },
		};
		return withEnvoy(env, async () => {
			await at.until('udp:2001', /"url":"http:\/\/client\.lab\.local\/in"/);
			const segments = at
				.at('udp:2001')
				.split('\n')
				.filter((line) => line.startsWith('{"name"'));
			assert.equal(segments.length, 6, 'one for each request');
			for (const [segment, direction] of [
				[segments[0], 'egress'],
				[segments[5], 'ingress'],
			] as const)
				assert.partialDeepStrictEqual(JSON.parse(segment ?? ''), {
					...{ name: 'lab/client', origin: 'AWS::AppMesh::Proxy' },
					aws: { app_mesh: { mesh_name: 'lab', virtual_node_name: 'client' } },
					annotations: { direction, node_id: 'mesh/lab/virtualNode/client' },
				});
			await at.until(
				'udp:8126',
				/^envoy\.cluster\.upstream_rq_total:\d+\|c\|#appmesh\.mesh:lab,appmesh\.virtual_node:client,envoy\.cluster_name:cds_egress_lab_server_http_9080$/m,
			);
			assert.equal(await readStatistic(app, 'server.concurrency'), 1);
		});
	});

	test("to Datadog's agent, and to DogStatsD at a socket", () => {
		const env = {
			...{ ENABLE_ENVOY_DATADOG_TRACING: 'true', DATADOG_TRACER_PORT: '8127' },
			...{ ENABLE_ENVOY_DOG_STATSD: 'true', STATSD_SOCKET_PATH: socket },
		};
		return withEnvoy(env, async () => {
			await at.until('http:8127', /POST \/v0\.4\/traces .*envoy-lab\/client.*\/out/s);
			await at.until(
				`unix:${socket}`,
				/^envoy\.cluster\.upstream_rq_total:\d+\|c\|#.*cds_egress_lab_server_http_9080$/m,
			);
		});
	});

	test("to Jaeger, and to sinks of one's own, from a file of 2019; as they are when it is reloaded, if they are right", () => {
		const sinks = join(folder, 'sinks.yaml');
		const statsd = 'address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: 8126}}';
		const save = (prefix: string) =>
			writeFileSync(sinks, `stats_sinks:\n- name: envoy.dog_statsd\n  config: {${statsd}, prefix: ${prefix}}\n`);
		save('shop');
		const env = {
			...{ ENABLE_ENVOY_JAEGER_TRACING: '1', JAEGER_TRACER_PORT: '9412', JAEGER_TRACER_VERSION: 'json' },
			...{ APPMESH_VIRTUAL_NODE_CLUSTER: 'front', ENVOY_STATS_SINKS_CFG_FILE: sinks },
		};
		return withEnvoy(env, async (daemon) => {
			const sent = await at.until('http:9412', /^POST \/api\/v2\/spans .*\/out/m);
			assert.match(sent, /"serviceName":"front"/);
			await at.until('udp:8126', /^shop\.cluster\.upstream_rq_total:\d+\|c/m);
			const { envoy } = daemon.status();
			writeFileSync(sinks, 'stats_sinks: [\n');
			const refused = daemon.ask('reload');
			assert.match(refused.stderr, /ENVOY_STATS_SINKS_CFG_FILE: ".*sinks\.yaml" cannot be used: invalid YAML: /);
			assert.deepEqual([refused.code, daemon.status().envoy.id], [1, envoy.id]);
			save('store');
			assert.equal(daemon.ask('reload').code, 0);
			await at.until('udp:8126', /^store\./m);
			assert.notEqual(daemon.status().envoy.id, envoy.id);
		});
	});

	test('of two tracers that are on, and of a bad value, the start says so and changes nothing', async () => {
		const rules = rulesOf(lab.host);
		const env = { ENABLE_ENVOY_XRAY_TRACING: 'T', ENABLE_ENVOY_JAEGER_TRACING: '1', XRAY_SAMPLING_RATE: '5%' };
		const daemon = await lab.start(definitions, { env });
		assert.equal(await daemon.ended, 1);
		assert.match(daemon.log(), /XRAY_SAMPLING_RATE: "5%" is no such number; allowed: a number from 0 to 1/);
		assert.match(
			daemon.log(),
			/ENABLE_ENVOY_XRAY_TRACING: 1, and so is ENABLE_ENVOY_JAEGER_TRACING; allowed: one tracer/,
		);
		assert.equal(rulesOf(lab.host), rules);
	});
});
