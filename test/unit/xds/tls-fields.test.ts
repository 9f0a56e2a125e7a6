import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyField } from '../../support/every-field.ts';
import { rendered, select } from '../../support/rendered.ts';

const client = rendered(everyField('/certs'), 'client');
const ingress = 'lds/lds_ingress_0.0.0.0_15000/filterChains';
const context = 'transportSocket/typedConfig/commonTlsContext';

const sds = (name: string) => ({
	name,
	sdsConfig: {
		apiConfigSource: {
			...{ apiType: 'GRPC', transportApiVersion: 'V3' },
			grpcServices: [
				{
					envoyGrpc: {
						clusterName: 'static_cluster_sds_unix_socket',
						retryPolicy: { retryBackOff: { baseInterval: '0.1s', maxInterval: '2s' } },
					},
				},
			],
		},
		...{ resourceApiVersion: 'V3', initialFetchTimeout: '2s' },
	},
});
const names = [
	{ sanType: 'DNS', matcher: { exact: 'api.every.local' } },
	{ sanType: 'URI', matcher: { exact: 'spiffe://every/api' } },
];
const pair = (name: string) => ({
	tlsCertificates: [
		{ certificateChain: { filename: `/certs/${name}.pem` }, privateKey: { filename: `/certs/${name}.key` } },
	],
});
const trust = { trustedCa: { filename: '/certs/authority.pem' } };

type Row = readonly [field: string, path: string, expected: unknown];
const rows: readonly Row[] = [
	[
		'listener: STRICT with validation (mutual TLS)',
		`${ingress}/ingress_http_8080/transportSocket/typedConfig`,
		{
			'@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
			requireClientCertificate: true,
			commonTlsContext: {
				...pair('server'),
				validationContext: { ...trust, matchTypedSubjectAltNames: names },
				alpnProtocols: ['h2', 'http/1.1'],
			},
		},
	],
	[
		'listener: STRICT has no chain without TLS',
		`${ingress}/ingress_http_8080/filterChainMatch`,
		{ destinationPort: 8_080 },
	],
	[
		'listener: by SDS, with names',
		`${ingress}/ingress_grpc_50051/${context}`,
		{
			tlsCertificateSdsSecretConfigs: [sds('server')],
			combinedValidationContext: {
				defaultValidationContext: { matchTypedSubjectAltNames: names },
				validationContextSdsSecretConfig: sds('authority'),
			},
			alpnProtocols: ['h2'],
		},
	],
	[
		'listener: PERMISSIVE, what begins as TLS',
		`${ingress}/ingress_http2_8090_tls/filterChainMatch`,
		{ destinationPort: 8_090, transportProtocol: 'tls' },
	],
	['listener: PERMISSIVE, the rest', `${ingress}/ingress_http2_8090/transportSocket`, undefined],
	[
		'listener: PERMISSIVE looks at its own port only',
		'lds/lds_ingress_0.0.0.0_15000/listenerFilters/envoy.filters.listener.tls_inspector/filterDisabled',
		{ notMatch: { destinationPortRange: { start: 8_090, end: 8_091 } } },
	],
	['listener: no TLS', `${ingress}/ingress_tcp_9090/transportSocket`, undefined],
	[
		'client: enforced on these ports, with a certificate of its own',
		'cds/cds_egress_every_api-v1_http_8443/transportSocket/typedConfig',
		{
			'@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
			sni: 'api-v1.every.local',
			commonTlsContext: {
				...pair('client'),
				validationContext: { ...trust, matchTypedSubjectAltNames: names },
				alpnProtocols: ['http/1.1'],
			},
		},
	],
	['client: enforced on other ports only', 'cds/cds_egress_every_api-v2_http_8080/transportSocket', undefined],
	[
		'client: not enforced, but the target asks for it',
		`cds/cds_egress_every_api-v1_http_8443_direct.every.local/${context}`,
		{ validationContext: trust, alpnProtocols: ['http/1.1'] },
	],
	[
		'client: by SDS; an address is no name for SNI',
		'cds/cds_egress_every_db-2_tcp_3307_192.0.2.10/transportSocket/typedConfig',
		{
			'@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
			commonTlsContext: {
				tlsCertificateSdsSecretConfigs: [sds('client')],
				validationContextSdsSecretConfig: sds('authority'),
			},
		},
	],
];

describe('what Envoy gets for each field of TLS', () => {
	for (const [field, path, expected] of rows) test(field, () => assert.deepEqual(select(client, path), expected));
});

test('a client without a policy follows a target that asks for TLS, and does not check it', () => {
	const resources = structuredClone(everyField('/certs')) as {
		virtualNodeName?: string;
		spec: Record<string, unknown>;
	}[];
	for (const { virtualNodeName, spec } of resources) if (virtualNodeName === 'client') delete spec['backendDefaults'];
	const { cds } = rendered(resources, 'client');
	assert.deepEqual(select(cds, `cds_egress_every_grpc_grpc_50051/${context}`), { alpnProtocols: ['h2'] });
	assert.equal(select(cds, 'cds_egress_every_db_tcp_3306/transportSocket'), undefined);
});

test('a policy that is not enforced leaves a target without TLS in plain text; one that is does not', () => {
	const resources = structuredClone(everyField('/certs')) as {
		virtualNodeName?: string;
		spec: { listeners?: Record<string, unknown>[] };
	}[];
	for (const { virtualNodeName, spec } of resources)
		if (virtualNodeName === 'api-v1') delete spec.listeners?.[0]?.['tls'];
	const { cds } = rendered(resources, 'client');
	assert.equal(select(cds, 'cds_egress_every_api-v1_http_8443_direct.every.local/transportSocket'), undefined);
	assert.notEqual(select(cds, 'cds_egress_every_api-v1_http_8443/transportSocket'), undefined);
});
