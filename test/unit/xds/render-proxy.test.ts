import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseProxyName } from '../../../src/mesh/proxy-name.ts';
import { renderProxy } from '../../../src/xds/render-proxy.ts';
import { compactJson } from '../../support/compact-json.ts';
import { everyField, everyProxy } from '../../support/every-field.ts';
import { matchesGolden } from '../../support/golden.ts';
import { catalogOf, ports } from '../../support/rendered.ts';

const mesh = catalogOf(everyField('/certs'));

test('an Envoy is called as in the variables of App Mesh', () => {
	const rows = [
		['serviceA', undefined, 'virtualNode', 'serviceA'],
		['mesh/m/virtualNode/a/b', 'm', 'virtualNode', 'a/b'],
		['mesh/m/virtualGateway/g', 'm', 'virtualGateway', 'g'],
		['arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualGateway/g', 'm', 'virtualGateway', 'g'],
	] as const;
	for (const [text, name, kind, own] of rows) assert.deepEqual(parseProxyName(text), { mesh: name, kind, name: own });
});

test('what the mesh does not have is not rendered', () => {
	assert.equal(renderProxy(mesh, parseProxyName('nobody'), ports), undefined);
	assert.equal(renderProxy(mesh, parseProxyName('mesh/every/virtualGateway/client'), ports), undefined);
});

const errorsOf = (name: string, options: object): string[] =>
	(renderProxy(mesh, parseProxyName(name), { ...ports, ...options })?.errors ?? []).map(
		({ path, why }) => `${path}: ${why}`,
	);

test("what only this host's settings show to be wrong is told", () => {
	const taken = 'is the one that Envoy itself listens on for redirected connections';
	assert.deepEqual(errorsOf('api-v1', { ingressPort: 8_443 }), [
		`spec.listeners[0].portMapping.port: port 8443 ${taken}`,
	]);
	assert.deepEqual(errorsOf('api-v1', {}), []);
	const door = 'mesh/every/virtualGateway/door';
	assert.deepEqual(errorsOf(door, { hasSds: true, ingressPort: 8_088 }), []);
	assert.deepEqual(errorsOf(door, { hasSds: true, egressPort: 8_088 }), [
		`spec.listeners[0].portMapping.port: port 8088 ${taken}`,
	]);
	assert.deepEqual(errorsOf('client', {}), ['spec: certificates come from SDS, and nobody has said where that is']);
	assert.deepEqual(errorsOf('client', { hasSds: true }), []);
});

for (const id of everyProxy.filter((name) => /client|door|api-v1/.test(name)))
	test(`${id}: the whole snapshot`, () => {
		const found = renderProxy(mesh, parseProxyName(id), { ...ports, hasIpv6: true, hasSds: true });
		assert.equal(found?.id, id);
		const file = `${id.split('/').at(-1)}.txt`;
		matchesGolden(`${compactJson(found?.snapshot)}\n`, join(import.meta.dirname, 'golden', file));
	});
