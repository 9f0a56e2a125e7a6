import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCniError } from '../../../src/commands/cni/call.ts';
import { parseNetConfig } from '../../../src/commands/cni/net-config.ts';
import { readConfig } from '../../../src/config/merge-sources.ts';
import { showCidr } from '../../../src/values/cidr.ts';
import { proxied } from '../../support/aws-appmesh.ts';

const parse = (config: object) =>
	parseNetConfig(new Map(Object.entries(config).map(([name, value]) => [name.toLowerCase(), value])));

function read(config: object) {
	const parsed = parse(config);
	assert.ok(!isCniError(parsed), JSON.stringify(parsed));
	return readConfig({ env: {}, file: parsed.settings, flags: {} });
}

describe('the configuration of aws-appmesh as settings', () => {
	test('all of it', () => {
		const { config, notices } = read(proxied);
		assert.deepEqual(notices, []);
		assert.deepEqual([config.ignoreUids, config.ignoreGids], [[{ from: 1337, to: 1337 }], [{ from: 133, to: 133 }]]);
		assert.deepEqual([config.ingressPort, config.egressPort, config.guard], [8000, 8080, true]);
		assert.deepEqual(config.appPorts, [{ from: 5000, to: 5001 }]);
		assert.deepEqual(config.ingressIgnoredPorts, []);
		assert.deepEqual(config.egressIgnoredPorts, [
			{ from: 22, to: 22 },
			{ from: 80, to: 81 },
		]);
		const ignored = ['192.168.100.0/22', '163.107.163.107/32', '2001:db8:85a3::8a2e:370:7334/128', 'fe80::/10'];
		assert.deepEqual(config.egressIgnoredIps.map(showCidr), ignored);
		assert.equal(config.ipv6, '1');
	});

	test('what the ECS agent sends for a task that is not called: outbound only, IPv4 only, null for what is empty', () => {
		const { proxyEgressPort, ignoredUID } = proxied;
		const { config } = read({ ignoredUID, proxyEgressPort, proxyIngressPort: '', appPorts: null });
		assert.deepEqual([config.appPorts, config.egressIgnoredPorts, config.ipv6], [[], [{ from: 22, to: 22 }], '0']);
		assert.deepEqual(config.egressIgnoredIps.map(showCidr), ['fe80::/10']);
	});

	test("a port of the task is not taken for one of Envoy's that nobody has told", () => {
		for (const port of ['1', '2', '9901', '15000']) {
			const { config } = read({ ...proxied, appPorts: [port, '3'] });
			assert.ok(config.appPorts !== '*' && config.appPorts.some(({ from }) => from === Number(port)));
			const outbound = read({ ignoredGID: '7', proxyEgressPort: port }).config;
			assert.deepEqual([outbound.egressPort, outbound.guard], [Number(port), false]);
		}
	});

	test('the first ports of all are a task and its Envoy', () => {
		const { config } = read({ ...proxied, proxyIngressPort: '1', proxyEgressPort: '2', appPorts: ['3', '4'] });
		assert.deepEqual([config.ingressPort, config.egressPort, config.envoy.adminPort], [1, 2, 6]);
		assert.ok(read({ ...proxied, proxyIngressPort: '2', proxyEgressPort: '1', appPorts: ['3'] }));
	});

	test('port 22 of a task may be captured', () => assert.ok(read({ ...proxied, appPorts: ['22'] })));

	test('one empty element is none', () => {
		const { config } = read({ ...proxied, appPorts: [''], egressIgnoredPorts: [''], egressIgnoredIPs: [''] });
		assert.deepEqual([config.appPorts, config.egressIgnoredPorts], [[], [{ from: 22, to: 22 }]]);
	});

	test('more than 15 ports, and addresses with blanks around them', () => {
		const ports = Array.from({ length: 40 }, (_, at) => String(6000 + 2 * at));
		const { config } = read({
			...proxied,
			appPorts: ports,
			egressIgnoredPorts: ports,
			egressIgnoredIPs: [' 10.0.0.1 '],
		});
		assert.equal(config.appPorts.length, 40);
		assert.equal(config.egressIgnoredPorts.length, 41);
		assert.equal(config.egressIgnoredIps.map(showCidr)[0], '10.0.0.1/32');
	});
});

describe('a mistake is told in the words of aws-appmesh', () => {
	const { ignoredUID: _, ignoredGID: __, ...nobody } = proxied;
	const { proxyEgressPort: ___, ...noEgress } = proxied;
	const { proxyIngressPort: ____, ...noIngress } = proxied;
	const { appPorts: _____, ...noApp } = proxied;
	const refused: readonly (readonly [config: object, msg: string])[] = [
		[nobody, 'missing required parameter ignoredGID or ignoredUID'],
		[noEgress, 'missing required parameter proxyEgressPort'],
		[noIngress, 'missing parameter proxyIngressPort (required if appPorts are provided)'],
		[noApp, 'missing parameter appPorts (required if proxyIngressPort is provided)'],
		[{ ...proxied, appPorts: [] }, 'missing parameter appPorts (required if proxyIngressPort is provided)'],
		...['a', '1*ab', ' 1', '-1', '1.1', '0', '65536', '80,81', '80-90'].map(
			(port) => [{ ...proxied, appPorts: ['1', port] }, `invalid port [${port}] specified`] as const,
		),
		[{ ...proxied, appPorts: ['80', ''] }, 'invalid port [] specified'],
		[{ ...proxied, proxyEgressPort: 'x' }, 'invalid port [x] specified'],
		[{ ...proxied, proxyIngressPort: '70000' }, 'invalid port [70000] specified'],
		[{ ...proxied, egressIgnoredPorts: ['x'] }, 'invalid port [x] specified'],
		...['a', '123.222..444', '1.2.3.4/33', '::1/129', 'example.com'].map(
			(address) =>
				[
					{ ...proxied, egressIgnoredIPs: [address] },
					`invalid IP or CIDR block [${address}] specified in egressIgnoredIPs`,
				] as const,
		),
		[{ ...proxied, ignoredUID: 1337 }, 'failed to parse network config: ignoredUID is not text'],
		[{ ...proxied, appPorts: '80' }, 'failed to parse network config: appPorts is not a list of text'],
		[{ ...proxied, appPorts: [80] }, 'failed to parse network config: appPorts is not a list of text'],
		[{ ...proxied, enableIPv6: 'yes' }, 'failed to parse network config: enableIPv6 is not true or false'],
		[{ ...proxied, prevResult: [] }, 'failed to parse network config: prevResult is not an object'],
	];
	for (const [config, msg] of refused)
		test(`${msg}: ${JSON.stringify(config).slice(0, 200)}`, () => assert.deepEqual(parse(config), { code: 7, msg }));

	test('what only our settings know: one port for both of its listeners', () => {
		assert.throws(() => read({ ...proxied, proxyIngressPort: '8080' }), {
			message: /egressPort \(proxyEgressPort\): 8080 is already used by ingressPort \(proxyIngressPort\)/,
		});
	});
});

test('the result of the plugins before is kept as it is, whatever its members are', () => {
	const prevResult = { ips: [{ address: '10.0.0.2/24' }], code: 7 };
	const parsed = parse({ ...proxied, prevResult });
	assert.ok(!isCniError(parsed));
	assert.deepEqual(parsed.previous, prevResult);
});
