// Envoy's messages, by its own descriptors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
	createFileRegistry,
	fromBinary,
	fromJson,
	type JsonObject as ProtoJson,
	toBinary,
	toJson,
} from '@bufbuild/protobuf';
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

const requestSchema = registry.getMessage('envoy.service.discovery.v3.DiscoveryRequest');
const requestOf = (json: ProtoJson): Uint8Array => {
	assert.ok(requestSchema);
	return toBinary(requestSchema, fromJson(requestSchema, json, { registry }));
};

test('of what an Envoy asks that is read which is used, beside all that it says of itself', () => {
	const { decodeRequest } = createCodec();
	const extensions = [{ name: 'envoy.filters.http.router', category: 'envoy.filters.http', typeUrls: ['a', 'b'] }];
	const first = {
		node: { id: 'mesh/m/virtualNode/ü', cluster: 'c', metadata: { id: 'other' }, userAgentName: 'envoy', extensions },
		...{ typeUrl: 'type.googleapis.com/x', resourceNames: ['a', 'b'] },
	};
	const nothing = { versionInfo: '', responseNonce: '', resourceNames: [], typeUrl: '', error: undefined };
	assert.deepEqual(decodeRequest(requestOf(first)), {
		...nothing,
		...{ nodeId: 'mesh/m/virtualNode/ü', typeUrl: first.typeUrl, resourceNames: ['a', 'b'] },
	});
	const rejection = { versionInfo: '3', responseNonce: '4', errorDetail: { code: 13, message: 'no\nway' } };
	const { error, ...rest } = decodeRequest(requestOf(rejection));
	const { error: _, ...others } = nothing;
	assert.deepEqual(rest, { ...others, versionInfo: '3', responseNonce: '4', nodeId: undefined });
	assert.match(error ?? '', /^no.*way$/);
	const empty = decodeRequest(requestOf({ node: {}, errorDetail: {} }));
	assert.deepEqual([empty.nodeId, empty.error], ['', ''], 'a reason that is empty rejects as well');
	assert.deepEqual(decodeRequest(Buffer.alloc(0)), { ...nothing, nodeId: undefined });
});

test('what is no request is refused', () => {
	const { decodeRequest } = createCodec();
	for (const bytes of [
		Buffer.from('GET / HTTP/1.1'),
		requestOf({ typeUrl: 'x' }).subarray(0, -1),
		Buffer.from([0x20, 1]),
	])
		assert.throws(() => decodeRequest(bytes), { name: 'Failure', message: 'it sent no DiscoveryRequest' });
});
