import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RenderOptions } from '../../../src/xds/render-options.ts';
import type { JsonObject } from '../../../src/xds/snapshot.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { rendered } from '../../support/rendered.ts';

const listenersOf = (options: Partial<RenderOptions>, name = 'serviceA', resources = guideResources()): JsonObject[] =>
	Object.values(rendered(resources, name, options).lds);

interface Bound {
	readonly address: { readonly socketAddress: { readonly address: string } };
	readonly additionalAddresses: readonly Pick<Bound, 'address'>[];
}

const boundTo = (listener: JsonObject): string[] => {
	const { address, additionalAddresses } = listener as unknown as Bound;
	return [address, ...additionalAddresses.map((more) => more.address)].map(
		({ socketAddress }) => socketAddress.address,
	);
};

describe('Envoy listens where redirected connections arrive, and nowhere else', () => {
	const table: readonly [Partial<RenderOptions>, readonly string[], readonly string[]][] = [
		[{}, ['0.0.0.0'], ['127.0.0.1']],
		[{ hasIpv6: true }, ['0.0.0.0', '::'], ['127.0.0.1', '::1']],
		[{ capturesBridges: true }, ['0.0.0.0'], ['0.0.0.0']],
		[{ hasIpv6: true, capturesBridges: true }, ['0.0.0.0', '::'], ['0.0.0.0', '::']],
	];
	for (const [options, ...addresses] of table)
		test(`${JSON.stringify(options)}: ${addresses.map((each) => each.join(' and ')).join('; ')}`, () => {
			assert.deepEqual(listenersOf(options).map(boundTo), addresses);
		});
});

test('the inbound listener is transparent where connections keep their addresses, and the outbound one never is', () => {
	const transparent = (options: Partial<RenderOptions>) =>
		listenersOf(options).map((each) => each['transparent'] ?? false);
	assert.deepEqual(transparent({ isTransparent: true }), [true, false]);
	assert.deepEqual(transparent({ keepsClient: true }), [false, false]);
});

test('where the application sees the client, it is called at the address that the client has called', () => {
	const { cds } = rendered(guideResources(), 'serviceA', { keepsClient: true });
	const application = Object.values(cds).find(({ name }) => String(name).includes('ingress'));
	assert.partialDeepStrictEqual(application, { type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' });
	const names = listenersOf({ keepsClient: true }).map(({ listenerFilters }) =>
		(listenerFilters as readonly { readonly name: string }[]).map(({ name }) => name.split('.').at(-1)),
	);
	assert.deepEqual(names[0]?.slice(0, 2), ['original_dst', 'original_src']);
	assert.ok(names[1]?.includes('original_src') === false);
});

test('statistics keep the names that App Mesh gave them, wherever Envoy listens', () => {
	const found = listenersOf({}).map(({ statPrefix, freebind }) => ({ statPrefix, freebind }));
	assert.deepEqual(found, [
		{ statPrefix: '0.0.0.0_15000', freebind: true },
		{ statPrefix: '0.0.0.0_15001', freebind: true },
	]);
});

interface Chain {
	readonly name: string;
	readonly filterChainMatch: JsonObject;
	readonly filters: readonly { readonly typedConfig: JsonObject }[];
}

const chainsOf = (listener: JsonObject | undefined) => (listener?.['filterChains'] ?? []) as unknown as Chain[];

test('a connection to a listener of Envoy itself is closed, and not led to Envoy again and again', () => {
	const loops = listenersOf({}).map((listener) =>
		chainsOf(listener)
			.filter(({ name }) => name.startsWith('loop_'))
			.map(({ filterChainMatch, filters }) => [filterChainMatch, filters[0]?.typedConfig['cluster']]),
	);
	assert.deepEqual(loops, [
		[
			[{ destinationPort: 15_000 }, 'turnout_blackhole'],
			[{ destinationPort: 15_001 }, 'turnout_blackhole'],
		],
		[[{ destinationPort: 15_001, sourceType: 'SAME_IP_OR_LOOPBACK' }, 'turnout_blackhole']],
	]);
	const { turnout_blackhole: blackhole } = rendered(guideResources(), 'serviceA').cds;
	assert.equal(blackhole?.['loadAssignment'], undefined);
});

test("an application's listener on a port of Envoy's own gets no chain: two alike would be refused", () => {
	const [ingress] = listenersOf({ ingressPort: 80 });
	assert.deepEqual(
		chainsOf(ingress).map(({ name }) => name),
		['loop_0', 'loop_1'],
	);
});

test('whatever a node is, only chains of its listeners differ', () => {
	const ownFields = (name: string) =>
		listenersOf({}, name).map(({ filterChains, defaultFilterChain, ...own }) => JSON.stringify(own));
	assert.deepEqual(ownFields('serviceA'), ownFields('serviceB'));
});
