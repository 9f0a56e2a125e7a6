// AWS's CLI and boto3 against `turnout control` on a host: the guide's commands, and every operation.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { apiErrors } from '../../../src/control/api-failure.ts';
import { commonErrors, operations } from '../../../src/control/operations.ts';
import { readDefinitions } from '../../../src/host/files/definitions.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import type { Kind } from '../../../src/mesh/schema/kinds.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { apiResources, arnIn } from '../../support/api-resources.ts';
import { awsTools } from '../../support/aws-tools.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { matchesGolden } from '../../support/golden.ts';
import { byFile, guideCommands, guideInputs, guideRoute, ROUTE_FILE } from '../../support/guide-commands.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const ENDPOINT = 'http://127.0.0.1:8474';

describe("AWS's own tools", () => {
	const stack = suiteStack();
	const tools = awsTools();
	const host = stack.use(createNamespace('aws-tools'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const scratch = stack.use(createScratch('aws-tools'));
	const folderOf = (name: string): string => {
		const path = join(scratch.path, name);
		mkdirSync(path);
		chownSync(path, NOBODY, NOBODY);
		return path;
	};
	const run = (args: readonly string[]) => {
		const env = { ...tools.env, AWS_ENDPOINT_URL_APP_MESH: ENDPOINT, HOME: scratch.path };
		const words = ['-C', scratch.path, tools.python, tools.aws, 'appmesh', ...args];
		const { code, stdout, stderr } = host.tryRun('env', words, { env });
		return { code, stderr, reply: stdout === '' ? undefined : JSON.parse(stdout) };
	};
	/** One that succeeds. */
	const aws = (...args: readonly string[]) => {
		const { code, stderr, reply } = run(args);
		assert.equal(code, 0, `aws appmesh ${args.join(' ')}: ${stderr}`);
		return reply;
	};

	test("the guide's commands make the guide's mesh", async () => {
		const folder = folderOf('guide');
		await using _control = await startControl(host, folder, '--listen', '127.0.0.1:8474');
		const save = (name: string, value: object) => writeFileSync(join(scratch.path, name), JSON.stringify(value));
		for (const [name, value] of Object.entries(guideInputs)) save(name, value);
		for (const words of guideCommands) aws(...words);
		const { catalogs, errors } = loadMesh(readDefinitions([join(folder, 'mesh')]));
		assert.deepEqual(errors, []);
		assert.deepEqual(catalogs[0]?.names('virtualNode').toSorted(), ['serviceA', 'serviceBv1', 'serviceBv2']);
		save(ROUTE_FILE, guideRoute([50, 50]));
		const { route } = aws(...byFile('update-route', ROUTE_FILE));
		assert.deepEqual([route.metadata.version, route.spec], [2, guideRoute([50, 50]).spec]);
		const { virtualNode } = aws('describe-virtual-node', '--mesh-name', 'simpleapp', '--virtual-node-name', 'serviceA');
		assert.match(virtualNode.metadata.arn, /:mesh\/simpleapp\/virtualNode\/serviceA$/);
		assert.equal(aws('list-virtual-services', '--mesh-name', 'simpleapp').virtualServices.length, 2);
		const { code, stderr } = run(['create-mesh', '--mesh-name', 'simpleapp']);
		assert.equal(code, 255);
		assert.match(
			stderr,
			/\(ConflictException\) when calling the CreateMesh operation: there is a mesh "simpleapp" already/,
		);
	});

	test('boto3 carries out every operation, and finds in each reply what its model says', async () => {
		const limits = ['--limits', 'virtualServices=205,meshes=1'];
		await using _control = await startControl(host, folderOf('boto3'), '--listen', '127.0.0.1:8474', ...limits);
		const listener = { portMapping: { port: 80, protocol: 'http' } };
		const node = { meshName: 'm', virtualNodeName: 'n' };
		const many = Array.from({ length: 50 }, (_, at) => ({ key: `k${at}`, value: '' }));
		const refusals = [
			['NotFoundException', 404, 'describe_mesh', { meshName: 'n' }],
			['ConflictException', 409, 'create_mesh', { meshName: 'm' }],
			['LimitExceededException', 400, 'create_mesh', { meshName: 'another' }],
			['LimitExceededException', 400, 'create_virtual_service', { meshName: 'm', virtualServiceName: 'x', spec: {} }],
			['BadRequestException', 400, 'update_virtual_node', { ...node, spec: { listeners: [listener, listener] } }],
			['BadRequestException', 400, 'describe_mesh', { meshName: 'm', meshOwner: '111122223333' }],
			['ResourceInUseException', 409, 'delete_virtual_node', node],
			[
				'TooManyTagsException',
				400,
				'tag_resource',
				{ resourceArn: 'arn:aws:appmesh:local:000000000000:mesh/m', tags: many },
			],
		];
		const rows = operations.map(({ name, method, path, status, query, body, errors }) => ({
			...{ name, method, path, status, query, errors: [...errors, ...commonErrors] },
			body: Object.keys({ ...body?.required, ...body?.optional }),
			needed: Object.keys(body?.required ?? {}),
		}));
		const { UnknownOperationException: _, ...errors } = apiErrors;
		const input = JSON.stringify({ endpoint: ENDPOINT, operations: rows, errors, resources: apiResources, refusals });
		const script = readFileSync(join(import.meta.dirname, '../../support/app-mesh-by-boto3.py'), 'utf8');
		const { code, stdout, stderr } = host.tryRun(tools.python, ['-c', script], {
			input,
			env: { ...tools.env, HOME: scratch.path },
		});
		assert.equal(code, 0, stderr);
		assert.equal(stdout.trim(), '');
	});

	test('beside moto: what the two answer differently, and who is right by the model', async () => {
		const owner = ['--account', '123456789012', '--region', 'us-east-1'];
		await using _control = await startControl(host, folderOf('moto'), '--listen', '127.0.0.1:8474', ...owner);
		const env = { ...tools.env, AWS_DEFAULT_REGION: 'us-east-1', HOME: scratch.path };
		const input = JSON.stringify({ endpoint: ENDPOINT, calls: callsForBoth() });
		const script = readFileSync(join(import.meta.dirname, '../../support/app-mesh-beside-moto.py'), 'utf8');
		const { code, stdout, stderr } = host.tryRun(tools.python, ['-c', script], { input, env });
		assert.equal(code, 0, stderr);
		matchesGolden(stdout, join(import.meta.dirname, 'golden/beside-moto.txt'));
	});
});

type BotoCall = readonly [operation: string, input: object];

/** In the words of boto3: `create_virtual_node`. */
const snake = (word: string): string => word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Each resource made, shown, changed, listed, tagged and deleted; and what is wrong. */
function callsForBoth(): BotoCall[] {
	const calls = apiResources.flatMap((resource): BotoCall[] => {
		const { kind, name, spec, next } = resource;
		const [outer, own] = [outerNames(kind), { ...outerNames(kind), [`${kind}Name`]: name }];
		const resourceArn = arnIn('123456789012', 'us-east-1', resource);
		return [
			[`create_${snake(kind)}`, { ...own, spec, tags: [{ key: 'a', value: 'b' }] }],
			[`create_${snake(kind)}`, { ...own, spec }],
			[`describe_${snake(kind)}`, own],
			[`describe_${snake(kind)}`, { ...own, [`${kind}Name`]: 'nothing' }],
			[`update_${snake(kind)}`, { ...own, spec: next }],
			[`list_${snake(kind === 'mesh' ? 'meshes' : `${kind}s`)}`, outer],
			['tag_resource', { resourceArn, tags: [{ key: 'c', value: 'd' }] }],
			['list_tags_for_resource', { resourceArn }],
			['untag_resource', { resourceArn, tagKeys: ['a'] }],
		];
	});
	const deletions = apiResources.toReversed().map(({ kind, name }): BotoCall => {
		return [`delete_${snake(kind)}`, { ...outerNames(kind), [`${kind}Name`]: name }];
	});
	return [...calls, ['delete_mesh', { meshName: 'm' }], ...deletions];
}

const outerNames = (kind: Kind): object => ({
	...(kind === 'mesh' ? {} : { meshName: 'm' }),
	...(kind === 'route' ? { virtualRouterName: 'r' } : {}),
	...(kind === 'gatewayRoute' ? { virtualGatewayName: 'g' } : {}),
});
