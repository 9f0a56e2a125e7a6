import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { warningsOf } from '../../../src/mesh/warnings.ts';
import { everyField } from '../../support/every-field.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { catalogOf } from '../../support/rendered.ts';

const meshName = 'simpleapp';
const warningsIn = (more: readonly object[], resources = guideResources()): string[] =>
	warningsOf(catalogOf([...resources, ...more])).map(({ path, why, hint }) => `${path}: ${why}; ${hint}`);

const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
const node = (virtualNodeName: string, more: object = {}) => ({
	...{ meshName, virtualNodeName },
	spec: { listeners, serviceDiscovery: { dns: { hostname: 'h' } }, ...more },
});
const service = (virtualServiceName: string, spec: object) => ({ meshName, virtualServiceName, spec });
const router = (virtualRouterName: string) => ({ meshName, virtualRouterName, spec: { listeners } });
const route = (routeName: string) => ({
	...{ meshName, virtualRouterName: 'serviceB', routeName },
	spec: {
		httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode: 'serviceB', weight: 1 }] } },
	},
});
const many = <T>(length: number, one: (name: string) => T): T[] => Array.from({ length }, (_, at) => one(`n${at}`));
const byNode = { provider: { virtualNode: { virtualNodeName: 'serviceB' } } };
const logging = { accessLog: { file: { path: '/dev/stdout', format: { text: '%START_TIME%' } } } };
const backends = (names: readonly string[]) =>
	names.map((virtualServiceName) => ({ virtualService: { virtualServiceName } }));

describe('what is allowed, and probably not meant', () => {
	test('the guide means all that it says', () => assert.deepEqual(warningsIn([]), []));

	const rows: readonly (readonly [string, RegExp, readonly object[]])[] = [
		['a service that nobody calls', /^: no backend and no gateway route names it/m, [service('s', byNode)]],
		['a service without a provider', /^spec: it has no provider, so that requests to it fail/m, [service('s', {})]],
		['a router of no service', /^: no virtual service is provided by it/m, [router('r')]],
		['a router without a route', /^: it has no route, so that requests to it fail/m, [router('r')]],
		['a node by itself', /^: it calls nothing, and nothing leads to it/m, [node('alone')]],
		[
			'a gateway without a route',
			/^: it has no gateway route/m,
			[{ meshName, virtualGatewayName: 'g', spec: { listeners } }],
		],
		[
			'a log in one line',
			/format\.text: all requests are logged in one line; end the format with \\n/,
			[node('n', { logging })],
		],
		[
			'200 services were enough',
			/^: the mesh has 202 of virtualService; App Mesh allowed 200/m,
			many(201, (name) => service(name, byNode)),
		],
		['20 routers were enough', /^: the mesh has 21 of virtualRouter; App Mesh allowed 20/m, many(20, router)],
		[
			'20 nodes were enough',
			/^: the mesh has 21 of virtualNode; App Mesh allowed 20, and 200 from 2019-10-30 on$/m,
			many(18, (name) => node(name)),
		],
		['20 routes were enough', /^: it has 21 routes; App Mesh allowed 20, and 50/m, many(20, route)],
		[
			'50 backends were enough',
			/^spec\.backends: it has 51 backends; App Mesh allowed 50/m,
			[...many(51, (name) => service(name, byNode)), node('n', { backends: backends(many(51, (name) => name)) })],
		],
	];
	for (const [what, told, more] of rows)
		test(what, () => {
			assert.match(warningsIn(more).join('\n'), told);
		});

	test('two tcp services on one port are told apart by their addresses (#195)', () => {
		assert.match(
			warningsIn([], everyField('/certs')).join('\n'),
			/^spec\.backends: tcp services on port 3306 .*; "db" has all others; "192\.0\.2\.10" has 192\.0\.2\.10 \(aws-app-mesh-roadmap #195\)$/m,
		);
	});
});
