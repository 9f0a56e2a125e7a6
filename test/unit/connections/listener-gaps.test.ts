import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arrival, gapOf, gapsIn, gapText, isSilent, lanesOf } from '../../../src/connections/listener-gaps.ts';

const settings = { ingressPort: 15_000, egressPort: 15_001, appPorts: [8080], bridges: [] };
const both = ['ipv4', 'ipv6'] as const;

const whoReaches: readonly (readonly [address: string, isIpv6Only: boolean, string])[] = [
	['0.0.0.0', false, 'this host ipv4, others ipv4'],
	['::', true, 'this host ipv6, others ipv6'],
	['::', false, 'this host ipv4, this host ipv6, others ipv4, others ipv6'],
	['127.0.0.1', false, 'this host ipv4'],
	['::ffff:127.0.0.1', false, 'this host ipv4'],
	['127.0.0.6', false, ''],
	['::1', true, 'this host ipv6'],
	['10.77.0.2', false, 'others ipv4'],
	['fd00::2', true, 'others ipv6'],
];

for (const [address, isIpv6Only, whom] of whoReaches)
	test(`at ${address}${isIpv6Only ? ' for IPv6 only' : ''} arrives: ${whom || 'nothing'}`, () => {
		const lanes = [{ key: 'egressPort', port: 15_001, from: ['this host', 'others'] }] as const;
		const gaps = gapsIn(lanes, both, [{ address, port: 15_001, isIpv6Only }]);
		const all: Arrival[] = (['this host', 'others'] as const).flatMap((from) =>
			both.map((family): Arrival => ({ from, family })),
		);
		const arriving = all.filter((one) => gapOf(gaps, 'egressPort', one) === undefined);
		assert.equal(arriving.map(({ from, family }) => `${from} ${family}`).join(', '), whom);
	});

test('an unknown IPV6_V6ONLY of `::` counts in favour of Envoy', () =>
	assert.deepEqual(gapsIn(lanesOf({ ...settings, appPorts: [] }), both, [{ address: '::', port: 15_001 }]), []));

test('a port without any listener is distinguished from one with a listener elsewhere', () => {
	const gaps = gapsIn(lanesOf(settings), both, [
		{ address: '127.0.0.1', port: 15_001 },
		{ address: '127.0.0.1', port: 15_002 },
	]);
	assert.deepEqual(
		gaps.map((gap) => [gap.lane.port, isSilent(gap)]),
		[
			[15_000, true],
			[15_001, false],
		],
	);
});

test('the addresses are named in one order, in whatever order Envoy lists its listeners', () => {
	const at = (addresses: readonly string[]) =>
		gapsIn(
			lanesOf(settings).slice(0, 1),
			both,
			addresses.map((address) => ({ address, port: 15_000 })),
		).map((gap) => gap.at);
	assert.deepEqual(at(['::1', '127.0.0.1']), [['127.0.0.1', '::1']]);
	assert.deepEqual(at(['127.0.0.1', '::1']), [['127.0.0.1', '::1']]);
});

test('the text names the family if only one is lost, and only the affected sources', () => {
	const here = [
		{ address: '0.0.0.0', port: 15_000 },
		{ address: '127.0.0.1', port: 15_001 },
	];
	const gaps = gapsIn(lanesOf({ ...settings, bridges: ['docker0'] }), both, here);
	assert.deepEqual(
		gaps.map((gap) => gapText(gap, both)),
		[
			'on 15000 (ingressPort) it listens on 0.0.0.0 only, where no captured connection of others over IPv6 arrives',
			'on 15001 (egressPort) it listens on 127.0.0.1 only, where no captured connection of this host over IPv6 and of others arrives',
		],
	);
});
