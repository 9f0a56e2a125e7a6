// AWS's own client of App Mesh, which checks what it sends and reads what it gets by the API's model.
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-app-mesh';
import { apiErrors } from '../../../src/control/api-failure.ts';
import { operations } from '../../../src/control/operations.ts';
import { parseQuotas } from '../../../src/control/quotas.ts';
import { apiResources } from '../../support/api-resources.ts';
import { serveApi } from '../../support/served-api.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type Send = (operation: string, input: object) => Promise<Readonly<Record<string, unknown>>>;

const capital = (word: string): string => word.replace(/^./, (letter) => letter.toUpperCase());

/** The names of what a resource is in: of a route its mesh and router. */
const outerOf = (kind: string) => ({
	...(kind === 'mesh' ? {} : { meshName: 'm' }),
	...(kind === 'route' ? { virtualRouterName: 'r' } : {}),
	...(kind === 'gatewayRoute' ? { virtualGatewayName: 'g' } : {}),
});

describe('with @aws-sdk/client-app-mesh', async () => {
	const stack = suiteStack();
	const { socket } = stack.use(await serveApi({ quotas: parseQuotas('virtualServices=1000') }));
	const client = new sdk.AppMeshClient({
		...{ region: 'local', endpoint: 'http://localhost', maxAttempts: 1 },
		credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
		requestHandler: { httpAgent: new Agent({ socketPath: socket } as object) },
	});
	stack.defer(() => client.destroy());
	const commands = sdk as unknown as Readonly<Record<string, new (input: object) => Parameters<typeof client.send>[0]>>;
	const send: Send = async (operation, input) => {
		const Command = commands[`${operation}Command`];
		assert.ok(Command, operation);
		const { $metadata, ...reply } = await client.send(new Command(input));
		assert.equal($metadata.httpStatusCode, 200);
		assert.match($metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
		return reply as Readonly<Record<string, unknown>>;
	};

	test('there is each operation that the client has, and no other', () => {
		const known = Object.keys(sdk).flatMap((name) => /^([A-Z]\w+)Command$/.exec(name)?.[1] ?? []);
		assert.deepEqual(operations.map(({ name }) => name).toSorted(), known.toSorted());
	});

	test('each error that the client knows may be had', () => {
		const known = Object.keys(sdk).filter((name) => name.endsWith('Exception') && name !== 'AppMeshServiceException');
		assert.deepEqual(
			Object.keys(apiErrors)
				.filter((name) => name !== 'UnknownOperationException')
				.toSorted(),
			known.toSorted(),
		);
	});

	for (const { kind, name, spec, next } of apiResources)
		test(`${kind}: created, described, changed, listed, tagged`, async () => {
			const [own, outer] = [{ [`${kind}Name`]: name }, outerOf(kind)];
			const tags = [{ key: 'team', value: 'shop' }];
			const made = (await send(`Create${capital(kind)}`, { ...outer, ...own, spec, tags }))[kind] as sdk.MeshData;
			assert.ok(made.metadata?.createdAt instanceof Date);
			assert.deepEqual((await send(`Describe${capital(kind)}`, { ...outer, ...own }))[kind], made);
			const changed = (await send(`Update${capital(kind)}`, { ...outer, ...own, spec: next }))[kind] as sdk.MeshData;
			assert.deepEqual([changed.metadata?.version, changed.spec], [2, next]);
			const plural = kind === 'mesh' ? 'meshes' : `${kind}s`;
			const listed = (await send(`List${capital(plural)}`, outer))[plural] as readonly sdk.MeshRef[];
			assert.deepEqual(
				listed.map(({ arn }) => arn),
				[made.metadata?.arn],
			);
			const resourceArn = made.metadata?.arn;
			await send('TagResource', { resourceArn, tags: [{ key: 'stage', value: 'prod' }] });
			await send('UntagResource', { resourceArn, tagKeys: ['team'] });
			assert.deepEqual(await send('ListTagsForResource', { resourceArn }), { tags: [{ key: 'stage', value: 'prod' }] });
			await send(`Update${capital(kind)}`, { ...outer, ...own, spec });
		});

	test('an error is of its class, with its message', async () => {
		await assert.rejects(send('DescribeMesh', { meshName: 'n' }), (error) => {
			assert.ok(error instanceof sdk.NotFoundException);
			assert.equal(error.message, 'no mesh is called "n"; did you mean "m"?');
			return true;
		});
		await assert.rejects(send('CreateMesh', { meshName: 'm' }), sdk.ConflictException);
		await assert.rejects(send('DeleteMesh', { meshName: 'm' }), sdk.ResourceInUseException);
		await assert.rejects(
			send('CreateVirtualNode', { meshName: 'm', virtualNodeName: 'x', spec: { listeners: [{}] } }),
			sdk.BadRequestException,
		);
	});

	test('names with every character that is not of ARNs come through', async () => {
		for (const virtualServiceName of ['a%2Fb', '..', 'ü ?&=#%', "it's+(one)"]) {
			await send('CreateVirtualService', { meshName: 'm', virtualServiceName, spec: {} });
			const { virtualService } = await send('DescribeVirtualService', { meshName: 'm', virtualServiceName });
			const { metadata, virtualServiceName: name } = virtualService as sdk.VirtualServiceData;
			assert.equal(name, virtualServiceName);
			assert.deepEqual(await send('ListTagsForResource', { resourceArn: metadata?.arn }), { tags: [] });
			await send('DeleteVirtualService', { meshName: 'm', virtualServiceName });
		}
	});

	test('its paginator gets 230 services, each once', async () => {
		for (let at = 0; at < 229; at += 1)
			await send('CreateVirtualService', { meshName: 'm', virtualServiceName: `${at}.local`, spec: {} });
		const names: string[] = [];
		for await (const { virtualServices = [] } of sdk.paginateListVirtualServices(
			{ client, pageSize: 60 },
			{ meshName: 'm' },
		))
			names.push(...virtualServices.map(({ virtualServiceName }) => virtualServiceName ?? ''));
		assert.equal(names.length, 230);
		assert.equal(new Set(names).size, 230);
	});

	test('all is deleted again', async () => {
		for (let at = 0; at < 229; at += 1)
			await send('DeleteVirtualService', { meshName: 'm', virtualServiceName: `${at}.local` });
		for (const { kind, name } of apiResources.toReversed()) {
			const reply = await send(`Delete${capital(kind)}`, { ...outerOf(kind), [`${kind}Name`]: name });
			assert.equal((reply[kind] as sdk.MeshData).status?.status, 'DELETED');
		}
		assert.deepEqual(await send('ListMeshes', {}), { meshes: [] });
	});
});
