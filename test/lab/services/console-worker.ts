// The built console with all that it can show: a mesh, its history, Envoys in every state. It listens on its argument.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createApiServer } from '../../../src/control/api-server.ts';
import { withoutKeys } from '../../../src/control/authorise.ts';
import { createConsole } from '../../../src/control/console/console.ts';
import { parseQuotas } from '../../../src/control/quotas.ts';
import { createRequestCounts } from '../../../src/control/request-counts.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { collections } from '../../../src/mesh/schema/collections.ts';
import type { Kind } from '../../../src/mesh/schema/kinds.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { createMemoryHistory } from '../../support/memory-history.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { turnoutProgram } from '../turnout.ts';

const [, , port = '8474', size = '0'] = process.argv;
const folder = join(dirname(turnoutProgram), 'lib/page');
const assets = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
const store = createMemoryStore();
const history = createMemoryHistory();
const owner = { account: '123456789012', region: 'eu-west-1' };
const log = () => undefined;
const server = createApiServer(
	{
		...{ store, history },
		owner,
		log,
		clock: systemClock,
		requests: createRequestCounts(),
		quotas: parseQuotas('virtualNodes=9999,virtualServices=9999,virtualRouters=9999'),
	},
	{
		authorise: withoutKeys,
		pageOf: (perform) =>
			createConsole(
				{
					assets,
					store,
					owner,
					log,
					clock: systemClock,
					history,
					keys: undefined,
					onRefused: () => undefined,
					nodes: () => nodes,
				},
				perform,
			),
	},
);

const node = (name: string, connected: number, settled: number, more: object = {}) => ({
	...{ node: `mesh/simpleapp/virtualNode/${name}`, connected, settled, version: '3f9c2a7d11e0b5', ...more },
});
const nodes = [
	node('serviceA', 3, 3),
	node('serviceB', 2, 1),
	node('serviceBv2', 1, 0, {
		rejected: { why: 'Error adding/updating listener(s) ingress: cannot bind 0.0.0.0:80: Address already in use' },
	}),
];
const arn = `arn:aws:appmesh:eu-west-1:123456789012:mesh/simpleapp`;
const weights = (first: number) => ({
	meshName: 'simpleapp',
	routeName: 'serviceB-route',
	spec: {
		httpRoute: {
			match: { prefix: '/' },
			action: {
				weightedTargets: [
					{ virtualNode: 'serviceB', weight: first },
					{ virtualNode: 'serviceBv2', weight: 100 - first },
				],
			},
		},
	},
});
await history.add({
	at: '2026-11-30T07:55:10.000Z',
	by: 'alice',
	operation: 'CreateMesh',
	resource: arn,
	version: 1,
	before: undefined,
	after: { meshName: 'simpleapp', spec: {} },
});
await history.add({
	at: '2026-11-30T08:00:00.000Z',
	by: 'alice',
	operation: 'UpdateRoute',
	resource: `${arn}/virtualRouter/serviceB/route/serviceB-route`,
	version: 2,
	before: weights(100),
	after: weights(90),
});
await history.add({
	at: '2026-11-30T08:05:00.000Z',
	by: 'deploy',
	operation: 'DeleteVirtualNode',
	resource: `${arn}/virtualNode/old`,
	version: undefined,
	before: { spec: { listeners: [] } },
	after: undefined,
});

server.listen(Number(port), '127.0.0.1', async () => {
	for (const resource of ordered()) await make(resource);
	for (let at = 0; at < Number(size); at += 1) for (const resource of service(at)) await make(resource);
	process.stdout.write('serving\n');
});

type Fields = Readonly<Record<string, unknown>>;

/** What others need comes first. */
function ordered(): readonly Fields[] {
	const gateway = {
		meshName: 'simpleapp',
		virtualGatewayName: 'door',
		spec: { listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] },
	};
	const target = { virtualService: { virtualServiceName: 'serviceB.simpleapp.local' } };
	const gatewayRoute = {
		meshName: 'simpleapp',
		virtualGatewayName: 'door',
		gatewayRouteName: 'all',
		spec: { httpRoute: { match: { prefix: '/' }, action: { target } } },
	};
	return [...(guideResources() as readonly Fields[]), gateway, gatewayRoute];
}

function service(at: number): readonly Fields[] {
	const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
	const named = (name: string) => ({ meshName: 'simpleapp', virtualNodeName: name });
	const backends = at === 0 ? [] : [{ virtualService: { virtualServiceName: `s${Math.floor(at / 2)}.local` } }];
	const dns = (name: string) => ({ serviceDiscovery: { dns: { hostname: `${name}.local` } } });
	return [
		{ ...named(`n${at}`), spec: { listeners, backends, ...dns(`n${at}`) } },
		{ ...named(`n${at}-v2`), spec: { listeners, ...dns(`n${at}-v2`) } },
		{ meshName: 'simpleapp', virtualRouterName: `r${at}`, spec: { listeners } },
		{
			...{ meshName: 'simpleapp', virtualRouterName: `r${at}`, routeName: 'all' },
			spec: {
				httpRoute: {
					match: { prefix: '/' },
					action: { weightedTargets: [`n${at}`, `n${at}-v2`].map((virtualNode) => ({ virtualNode, weight: 50 })) },
				},
			},
		},
		{
			meshName: 'simpleapp',
			virtualServiceName: `s${at}.local`,
			spec: { provider: { virtualRouter: { virtualRouterName: `r${at}` } } },
		},
	];
}

async function make(resource: Fields): Promise<void> {
	const order: readonly Kind[] = [
		'gatewayRoute',
		'route',
		'virtualService',
		'virtualNode',
		'virtualRouter',
		'virtualGateway',
		'mesh',
	];
	const kind = order.find((each) => `${each}Name` in resource) ?? 'mesh';
	const path = collections[kind].replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(resource[name])));
	const body = {
		[`${kind}Name`]: resource[`${kind}Name`],
		spec: resource['spec'],
		tags: [{ key: 'team', value: 'shop' }],
	};
	const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'PUT', body: JSON.stringify(body) });
	if (!reply.ok) throw new Error(await reply.text());
}
