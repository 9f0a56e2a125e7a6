// What definitions without mistakes mean on one host: ports that nothing captures or serves, names that nobody knows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appPortWarnings, type CapturedPorts } from '../../../src/mesh/app-port-warnings.ts';
import { calledNames, nameWarnings } from '../../../src/mesh/called-names.ts';
import { resolveNode } from '../../../src/mesh/resolve-node.ts';
import { parsePorts } from '../../../src/values/units.ts';
import { client, node, serviceOf } from '../../support/mesh-parts.ts';
import { catalogOf } from '../../support/rendered.ts';

const listener = (port: number) => ({ portMapping: { port, protocol: 'http' } }) as const;
const catalog = catalogOf([
	client(['api.local', '10.0.0.9', 'none.local'], { listeners: [listener(8_080), listener(8_081)] }),
	node('api', { port: 80, hostname: 'api-1.local.' }),
	node('direct', { port: 81, hostname: '10.0.0.1' }),
	serviceOf('api.local', 'api'),
	serviceOf('10.0.0.9', 'direct'),
	serviceOf('none.local'),
]);
const view = resolveNode(catalog, 'client');
assert.ok(view);

describe('app ports of the settings beside listeners of the node', () => {
	const told = (appPorts: string, ignored = '22') => {
		const own = appPorts === '' ? undefined : parsePorts(appPorts.replace('*', '1'));
		const captured: CapturedPorts = {
			appPorts: appPorts === '*' ? '*' : own,
			ingressIgnoredPorts: parsePorts(ignored),
		};
		return appPortWarnings(view.node, captured).map(({ path, why }) => `${path}: ${why}`);
	};
	const past = (at: number, port: number, why: string) =>
		`spec.listeners[${at}].portMapping.port: connections to port ${port} go past Envoy on this host: ${why}`;
	const dead = (ports: string) =>
		`spec.listeners: appPorts (APPMESH_APP_PORTS) has ${ports}, and the node listens on 8080, 8081 alone`;
	const unlisted = 'it is not among appPorts (APPMESH_APP_PORTS)';

	test('nothing is said where both are the same, or where the settings have none', () => {
		for (const same of ['8080,8081', '8080-8081', '']) assert.deepEqual(told(same), []);
	});

	test('a port that no listener has is told, alone or within a range', () => {
		assert.deepEqual(told('8080-8081,9000'), [dead('9000')]);
		assert.deepEqual(told('8080-8090'), [dead('8080-8090')]);
		assert.deepEqual(told('*'), [dead('*')]);
	});

	test('a listener whose port is not captured is told', () => {
		assert.deepEqual(told('8080'), [past(1, 8_081, unlisted)]);
		const ignored = 'it is among ingressIgnoredPorts (TURNOUT_INGRESS_IGNORED_PORTS)';
		assert.deepEqual(told('', '8080'), [past(0, 8_080, ignored)]);
	});
});

describe('names that a host of the node has to find', () => {
	const names = calledNames(view);
	const isLocal = (address: string) => address === '10.0.0.5';
	const told = (addresses: Readonly<Record<string, readonly string[] | undefined>>) =>
		nameWarnings(names, new Map(Object.entries(addresses)), isLocal).map(({ path, why }) => `${path}: ${why}`);
	const backend = 'spec.backends[0].virtualService.virtualServiceName';

	test('those of services that somebody provides and of their nodes, but for addresses', () =>
		assert.deepEqual(
			names.map(({ name }) => name),
			['api.local', 'api-1.local'],
		));

	test('nothing is said of those that have addresses', () =>
		assert.deepEqual(told({ 'api.local': ['10.0.0.2'], 'api-1.local': ['10.0.0.5'] }), []));

	test('one that nobody knows is told', () =>
		assert.deepEqual(told({ 'api.local': [], 'api-1.local': [] }), [
			`${backend}: "api.local" does not resolve on this host`,
			'spec.serviceDiscovery.dns.hostname: "api-1.local" does not resolve on this host',
		]));

	test('a service with an address of the host itself is told: such connections are not captured', () =>
		assert.deepEqual(told({ 'api.local': ['10.0.0.5'], 'api-1.local': ['10.0.0.2'] }), [
			`${backend}: "api.local" is 10.0.0.5 on this host, and connections within a host are never captured`,
		]));

	test('one warning for all of which nothing was heard in time', () =>
		assert.deepEqual(told({}), [
			`${backend}: whether "api.local" and 1 more name resolve on this host could not be told in time`,
		]));
});
