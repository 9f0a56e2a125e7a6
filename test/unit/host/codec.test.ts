// Envoy's messages, by its own descriptors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { AnySchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createCodec } from '../../../src/host/ads/codec.ts';
import { envoyApi } from '../../../src/host/ads/envoy-api.ts';
import type { JsonObject } from '../../../src/xds/snapshot.ts';

const descriptors = gunzipSync(Buffer.from(envoyApi, 'base64'));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
const decoded = (bytes: Uint8Array): unknown => toJson(AnySchema, fromBinary(AnySchema, bytes), { registry });

const hostOf = (name: string, cluster: string): JsonObject => ({
	...{ name, domains: [name] },
	routes: [{ match: { prefix: '/' }, route: { cluster } }],
});

const routesOf = (name: string, virtualHosts: readonly JsonObject[]): JsonObject => ({
	...{ '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration', name, virtualHosts },
});

test('routes are the same whether their virtual hosts were encoded before or not', () => {
	const codec = createCodec();
	const [a, b, other] = [hostOf('a', 'one'), hostOf('b', 'one'), hostOf('b', 'two')];
	const all = [
		routesOf('egress', [a, b]),
		routesOf('egress', [a, other]),
		routesOf('egress', [other, hostOf('c', 'one'), a]),
		routesOf('ingress', [a]),
		routesOf('egress', []),
		routesOf('egress', [b]),
	];
	for (const routes of all) {
		const bytes = codec.encodeResource(routes);
		const { virtualHosts, ...rest } = routes;
		const isEmpty = Array.isArray(virtualHosts) && virtualHosts.length === 0;
		assert.deepEqual(decoded(bytes), isEmpty ? rest : routes);
		assert.deepEqual(bytes, createCodec().encodeResource(routes));
	}
});

test('a virtual host that is as it was is not encoded again', () => {
	const codec = createCodec();
	let reads = 0;
	const counted = (name: string): JsonObject => {
		const routes = [{ match: { prefix: '/' }, route: { cluster: 'one' } }];
		// Its text is made each time, its bytes once: they need each field by itself.
		return {
			name,
			routes,
			get domains() {
				reads += 1;
				return [name];
			},
		};
	};
	const hosts = ['a', 'b'].map(counted);
	codec.encodeResource(routesOf('egress', hosts));
	const first = reads;
	reads = 0;
	codec.encodeResource(routesOf('egress', hosts));
	assert.ok(reads < first, `${reads} of ${first}`);
});

test('a field that Envoy does not know is refused, within a virtual host too', () => {
	const codec = createCodec();
	const wrong = { ...hostOf('a', 'one'), domain: ['a'] };
	assert.throws(() => codec.encodeResource(routesOf('egress', [wrong])), /domain/);
	assert.throws(() => codec.encodeResource({ ...routesOf('egress', []), virtualHost: [] }), /virtualHost/);
});
