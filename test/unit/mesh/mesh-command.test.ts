import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Given } from '../../../src/cli/arguments.ts';
import { mesh } from '../../../src/commands/mesh.ts';
import { Failure } from '../../../src/failure.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { matchesGolden } from '../../support/golden.ts';
import { guideFormats } from '../../support/guide-formats.ts';
import { guideResources } from '../../support/guide-mesh.ts';

const golden = join(import.meta.dirname, 'golden');
const folder = mkdtempSync(join(tmpdir(), 'turnout-mesh-'));
after(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
	writeFileSync(join(folder, name), text);
	return join(folder, name);
};

const guide = write('guide.json', JSON.stringify(guideResources(), null, 1));

function run(verb: string, path: string, given: Given = {}) {
	return printedBy(mesh, [verb, path], given);
}

const gateways = [
	...guideResources(),
	{
		...{ meshName: 'simpleapp', virtualGatewayName: 'in' },
		spec: { listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] },
	},
	{
		...{ meshName: 'simpleapp', virtualGatewayName: 'in', gatewayRouteName: 'all' },
		spec: {
			httpRoute: {
				action: { target: { virtualService: { virtualServiceName: 'serviceB.simpleapp.local' } } },
				match: { prefix: '/' },
			},
		},
	},
	{ ...{ meshName: 'simpleapp', virtualServiceName: 'nobody.local' }, spec: {} },
	{
		...{ meshName: 'simpleapp', virtualServiceName: 'direct.local' },
		spec: { provider: { virtualNode: { virtualNodeName: 'serviceB' } } },
	},
	{
		...{ meshName: 'simpleapp', virtualRouterName: 'spare "one"' },
		spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] },
	},
	{
		...{ meshName: 'simpleapp', virtualRouterName: 'serviceB', routeName: 'beta' },
		spec: {
			priority: 1,
			httpRoute: {
				action: { weightedTargets: [{ virtualNode: 'serviceBv2', weight: 1 }] },
				match: {
					...{ method: 'GET', prefix: '/beta' },
					headers: [
						{ name: 'x-beta', match: { exact: 'yes please' } },
						{ name: 'age', invert: true, match: { range: { start: 1, end: 9 } } },
					],
					queryParameters: [{ name: 'q', match: { exact: '1' } }],
				},
				retryPolicy: { maxRetries: 1, perRetryTimeout: { unit: 's', value: 1 } },
			},
		},
	},
];
const large = write('large.json', JSON.stringify(gateways));

describe('mesh show', () => {
	const table: readonly (readonly [name: string, path: string, given?: Given])[] = [
		['show', guide],
		['show-large', large],
		['show-node', large, { node: 'serviceA' }],
		['show-dot', large, { dot: true }],
		['show-mermaid', large, { mermaid: true }],
		['show-json', guide, { json: true }],
	];
	for (const [name, path, given] of table)
		test(name, async () => matchesGolden((await run('show', path, given)).printed, join(golden, `${name}.txt`)));

	test('a node that is not there, with those that are', async () => {
		await assert.rejects(run('show', guide, { node: 'x' }), (error: Failure) => {
			assert.match(error.message, /^Cannot show virtual node "x"/);
			assert.equal(error.remedy, 'Known: serviceA, serviceB, serviceBv2');
			return true;
		});
	});
});

describe('mesh render', () => {
	const withVariables = async (env: Readonly<Record<string, string>>, given: Given) => {
		Object.assign(process.env, env);
		try {
			return JSON.parse((await run('render', guide, given)).printed) as Record<string, unknown>;
		} finally {
			for (const name of Object.keys(env)) delete process.env[name];
		}
	};

	test("Envoy's variables make what they make in the daemon", async () => {
		const node = 'mesh/simpleapp/virtualNode/serviceA';
		const plain = await withVariables({}, { node });
		assert.deepEqual([plain['tracing'], plain['statsSinks']], [undefined, undefined]);
		assert.ok(!JSON.stringify(plain).includes('"tracing"'));
		const env = { ENABLE_ENVOY_JAEGER_TRACING: '1', ENABLE_ENVOY_STATS_TAGS: '1', ENABLE_ENVOY_DOG_STATSD: '1' };
		const told = await withVariables(env, { node });
		const statsTags = [{ tagName: 'appmesh.mesh', fixedValue: 'simpleapp' }];
		assert.partialDeepStrictEqual(told, {
			...{ tracing: { http: { name: 'envoy.tracers.zipkin' } }, statsConfig: { statsTags } },
			statsSinks: [{ name: 'envoy.stat_sinks.dog_statsd' }],
		});
		assert.ok(JSON.stringify(told['staticResources']).includes('"tracing":{}'));
	});

	test('as resources: what a daemon gives Envoy, by kind and name; any other form is refused', async () => {
		const { cds, rds, ...others } = await withVariables({}, { node: 'serviceA', as: 'resources' });
		assert.deepEqual(Object.keys(others), ['eds', 'lds']);
		assert.ok(Object.keys(cds ?? {}).includes('cds_egress_simpleapp_serviceBv2_http_80'), JSON.stringify(cds));
		assert.notDeepEqual(rds, {});
		await assert.rejects(run('render', guide, { node: 'serviceA', as: 'yaml' }), {
			code: 'usage',
			message: /--as takes bootstrap or resources, not "yaml"$/,
		});
	});

	test('for a pod Envoy listens on both families, and answers whoever reads, but no one else', async () => {
		const listeners = async (given: Given) => {
			const { staticResources, admin } = await withVariables({}, { node: 'serviceA', ...given });
			const text = JSON.stringify(staticResources);
			return [text.match(/"::1?"/g)?.length ?? 0, text.match(/"port_value":9901/g)?.length ?? 0, JSON.stringify(admin)];
		};
		assert.deepEqual(await listeners({}), [0, 0, undefined]);
		const admin = '{"address":{"pipe":{"path":"/tmp/envoy_admin.socket"}}}';
		assert.deepEqual(await listeners({ pod: true }), [3, 2, admin]);
	});

	test('a mistake in a variable ends it', async () => {
		await assert.rejects(
			withVariables({ ENVOY_TRACING_CFG_FILE: '/nowhere/a.yaml', STATSD_PORT: 'x' }, { node: 'serviceA' }),
			/2 mistakes:\n {2}STATSD_PORT: "x" is not a port.*\n {2}ENVOY_TRACING_CFG_FILE: "\/nowhere\/a\.yaml" cannot be used: no such file/,
		);
	});
});

describe('mesh convert', () => {
	test('YAML, or JSON if asked for; converted again it is the same', async () => {
		const { printed } = await run('convert', guide);
		matchesGolden(printed, join(golden, 'convert.yaml'));
		for (const json of [true, false]) {
			const once = (await run('convert', guide, { json })).printed;
			const path = write('once.yaml', once);
			assert.equal((await run('convert', path, { json })).printed, once);
			assert.equal(
				(await run('convert', path, { json: !json })).printed,
				(await run('convert', guide, { json: !json })).printed,
			);
		}
	});

	test('a template of CloudFormation, with its parameters', async () => {
		const [found] = guideFormats.filter(({ format }) => format === 'CloudFormation, YAML');
		const path = write('template.yaml', found?.files[0]?.text ?? '');
		const { printed } = await run('convert', path, { parameters: 'Domain=simpleapp.local,AWS::Region=eu-west-1' });
		assert.equal(printed, (await run('convert', guide)).printed);
		await assert.rejects(
			run('convert', path),
			/Cannot convert: .*the parameter "Domain" has no value; give it as a parameter/s,
		);
	});

	test('a part of a mesh, whose references lead elsewhere', async () => {
		const path = write(
			'part.yaml',
			'meshName: m\nvirtualServiceName: a\nspec: {provider: {virtualNode: {virtualNodeName: b}}}\n',
		);
		assert.equal((await run('convert', path)).code, 0);
		await assert.rejects(run('show', path), Failure);
	});
});

describe('mesh check', () => {
	test('warnings are told before mistakes, and are none', async () => {
		const text = 'Resources: {N: {Type: AWS::AppMesh::VirtualNode, Properties: {MeshName: m, Spec: {}}}}';
		const { code, printed } = await run('check', write('warned.yaml', text));
		assert.equal(code, 0);
		assert.match(
			printed,
			/^warning: .*warned\.yaml:1: Resources\.N: without VirtualNodeName .*\n(warning: .*\n)*No mistakes: m, 1 virtual nodes\n$/,
		);
	});

	test('a name cannot write a line of its own', async () => {
		const node = { meshName: 'm', virtualNodeName: 'a\nNo mistakes: all fine\u001b[2J', spec: { 'b\nc': 1 } };
		const { code, printed } = await run('check', write('hostile.json', JSON.stringify(node)));
		assert.equal(code, 1);
		for (const line of printed.trimEnd().split('\n'))
			assert.match(line, /hostile\.json:1: |^\d mistakes$|^Held up, with what they have: mesh\/m\/virtualNode\/a\\nNo/);
		assert.ok(!printed.includes('\u001b'));
	});

	test('a verb that there is not', async () => {
		await assert.rejects(
			run('chek', guide),
			/mesh takes check, show, render, convert, diff, import, export, not "chek"/,
		);
		await assert.rejects(run('toString', guide), /mesh takes/);
	});
});
