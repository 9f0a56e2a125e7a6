import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsFilesOf } from '../../../src/xds/tls-files.ts';

test('the files of certificates, keys and authorities that Envoy is told to read, once each', () => {
	const chain = { certificateChain: { filename: '/tls/a.pem' }, privateKey: { filename: '/tls/a.key' } };
	const context = {
		commonTlsContext: { tlsCertificates: [chain], validationContext: { trustedCa: { filename: '/tls/ca.pem' } } },
	};
	const accessLog = { typedConfig: { path: '/dev/stdout', filename: '/not/tls' } };
	const snapshot = { lds: { a: { context, accessLog } }, cds: { b: { context } }, eds: {}, rds: {} };
	assert.deepEqual(tlsFilesOf(snapshot), [
		{ path: '/tls/a.pem', kind: 'certificate' },
		{ path: '/tls/a.key', kind: 'key' },
		{ path: '/tls/ca.pem', kind: 'trust' },
	]);
});
