import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFile } from '../../../src/mesh/parse-file.ts';
import { renderProxy } from '../../../src/xds/render-proxy.ts';
import { processorMsOf } from '../../support/processor-time.ts';
import { catalogOf, loadResources, ports } from '../../support/rendered.ts';

const meshName = 'm';
const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

test('the lines of ten thousand resources of a template are found in no time', () => {
	const resources = Object.fromEntries(numbers(10_000).map((at) => [`R${at}`, { Properties: { at } }]));
	const [document] = parseFile(JSON.stringify({ Resources: resources }, null, 1), 'x').documents;
	assert.ok(document);
	const took = processorMsOf(() => {
		for (const at of numbers(10_000))
			assert.equal(document.placeOf(`Resources.R${at}.Properties.at`).line, 5 * at + 5, `${at}`);
	});
	assert.ok(took < 5_000, `${took} ms`);
});

test('a gateway to thousands of services is rendered in no time', () => {
	const provider = { virtualNode: { virtualNodeName: 'n' } };
	const to = (at: number) => ({ target: { virtualService: { virtualServiceName: `s${at}` } } });
	const catalog = catalogOf([
		{ meshName, virtualNodeName: 'n', spec: { listeners, serviceDiscovery: { dns: { hostname: 'n' } } } },
		{ meshName, virtualGatewayName: 'g', spec: { listeners } },
		...numbers(5_000).map((at) => ({ meshName, virtualServiceName: `s${at}`, spec: { provider } })),
		...numbers(5_000).map((at) => ({
			...{ meshName, virtualGatewayName: 'g', gatewayRouteName: `r${at}` },
			spec: { httpRoute: { match: { prefix: `/${at}` }, action: to(at) } },
		})),
	]);
	const took = processorMsOf(() =>
		assert.ok(renderProxy(catalog, { mesh: meshName, kind: 'virtualGateway', name: 'g' }, ports)),
	);
	assert.ok(took < 8_000, `${took} ms`);
});

test('of thousands of names none is looked for that was meant, which would take minutes', () => {
	const hintAmong = (count: number) => {
		const routers = numbers(count).map((at) => ({ meshName, virtualRouterName: `r${at}`, spec: { listeners } }));
		const provider = { virtualRouter: { virtualRouterName: 'r_0' } };
		const { errors } = loadResources([{ meshName, virtualServiceName: 's', spec: { provider } }, ...routers]);
		return errors.map(({ hint }) => hint).join();
	};
	assert.equal(hintAmong(500), 'did you mean "r0"?');
	assert.equal(hintAmong(501), 'there are 501 others');
	assert.equal(hintAmong(0), 'there is no virtualRouter at all');
});
