import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authoriseByKey } from '../../../../src/control/access/authorise-by-key.ts';
import { nodesOfCertificate } from '../../../../src/control/ads/certificate-names.ts';
import { identify } from '../../../../src/control/ads/identify.ts';
import { nodeId } from '../../../../src/values/mesh-node.ts';
import type { PresentedCertificate } from '../../../../src/xds/ads-caller.ts';
import { soundPolicy } from '../../../support/policies.ts';
import { keysOf, signedCall } from '../../../support/signed-call.ts';

const owner = { account: '123456789012', region: 'eu-west-1' };
const unsigned = { method: 'POST', target: '/', rawHeaders: [], body: new Uint8Array() };
const door = { mesh: 'shop', kind: 'virtualGateway', name: 'door' } as const;

const certificate = (more: Partial<PresentedCertificate> = {}): PresentedCertificate => ({
	...{ subject: 'CN=door', serialNumber: '0A', validTo: 'Jan  1 00:00:00 2027 GMT', problem: '' },
	...{ alternativeNames: 'DNS:door.example, URI:spiffe://shop.example/mesh/shop/virtualGateway/door', ...more },
});

test('a certificate is of the nodes that its URIs name: in a domain of SPIFFE, or by ARN', () => {
	const of = (text: string) => nodesOfCertificate(text).map(nodeId);
	assert.deepEqual(
		of('URI:spiffe://a/mesh/m/virtualNode/n, URI:arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualGateway/g'),
		['mesh/m/virtualNode/n', 'mesh/m/virtualGateway/g'],
	);
	assert.deepEqual(of('URI:spiffe://a/mesh/m/virtualNode/a%20b%2Fc'), ['mesh/m/virtualNode/a b/c']);
	// Node's way to show a comma.
	assert.deepEqual(of('URI:"spiffe://a/mesh/m/virtualNode/x, URI:spiffe://a/mesh/m/virtualNode/y"'), [
		'mesh/m/virtualNode/x, URI:spiffe://a/mesh/m/virtualNode/y',
	]);
	for (const text of [
		'',
		'DNS:mesh/m/virtualNode/n',
		'URI:https://a/mesh/m/virtualNode/n',
		'URI:spiffe://a/x/mesh/m/virtualNode/n',
		'URI:spiffe://a/mesh/m/virtualNode/%',
		'IP Address:10.0.0.1',
	])
		assert.deepEqual(of(text), [], text);
});

test('an Envoy is the node that its certificate names, and no other', async () => {
	const who = await identify({ hasClientCa: true, authorise: undefined, owner })({
		address: '10.0.0.5',
		certificate: certificate(),
		request: unsigned,
	});
	who.admit(door);
	assert.throws(() => who.admit({ ...door, name: 'other' }), {
		code: 'permission',
		message:
			'the certificate "CN=door" (serial 0A), from 10.0.0.5, is of mesh/shop/virtualGateway/door, and its Envoy says that it is "mesh/shop/virtualGateway/other"',
		remedy: /subject alternative name URI:spiffe:\/\/DOMAIN\/mesh\/shop\/virtualGateway\/other/,
	});
});

for (const [problem, why] of [
	['CERT_HAS_EXPIRED', /has expired on Jan {2}1 00:00:00 2027 GMT/],
	['CERT_NOT_YET_VALID', /is not valid yet/],
	['SELF_SIGNED_CERT_IN_CHAIN', /is not by an authority of --client-ca/],
	['INVALID_PURPOSE', /is none for a client/],
	['CRL_HAS_EXPIRED', /is not valid: CRL_HAS_EXPIRED/],
] as const)
	test(`a certificate is refused in words where it is ${problem}`, async () => {
		const asked = { address: '10.0.0.5', certificate: certificate({ problem }), request: unsigned };
		await assert.rejects(identify({ hasClientCa: true, authorise: undefined, owner })(asked), {
			code: 'permission',
			message: why,
		});
	});

test('without a certificate nobody is let in where certificates are asked for, and on the loopback everybody', async () => {
	const asked = { address: '10.0.0.5', certificate: undefined, request: unsigned };
	await assert.rejects(
		identify({ hasClientCa: true, authorise: undefined, owner })(asked),
		/it has shown no certificate/,
	);
	(await identify({ hasClientCa: false, authorise: undefined, owner })(asked)).admit(door);
});

const key = { accessKeyId: 'TURN0123456789ABCDEF', secretAccessKey: 's'.repeat(40) };

test('without one a key may be the nodes that its policies allow it to ask for', async () => {
	const policy = soundPolicy({
		Effect: 'Allow',
		Action: 'appmesh:StreamAggregatedResources',
		Resource: 'arn:aws:appmesh:eu-west-1:123456789012:mesh/shop/virtualGateway/door',
	});
	const atMs = Date.parse('2026-11-30T08:00:00Z');
	const authorise = authoriseByKey({
		keys: () => keysOf({ ...key, policies: [policy] }),
		region: 'eu-west-1',
		now: () => atMs,
		onRefused: () => undefined,
	});
	const known = identify({ hasClientCa: true, authorise, owner });
	const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
	const request = await signedCall(key, { method: 'POST', path }, { region: 'eu-west-1', atMs, addsPayloadHash: true });
	// Two Envoys of one key in the same second sign the same.
	for (const address of ['10.0.0.5', '10.0.0.6']) {
		const who = await known({ address, certificate: undefined, request });
		who.admit(door);
		assert.throws(() => who.admit({ ...door, name: 'other' }), {
			code: 'permission',
			message: /is not authorized to perform appmesh:StreamAggregatedResources on .*other/,
		});
	}
	await assert.rejects(
		known({ address: '10.0.0.5', certificate: undefined, request: { ...request, target: '/' } }),
		/is not signed as it has to be/,
	);
});
