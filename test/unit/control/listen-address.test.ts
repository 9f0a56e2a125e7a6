import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAdsListen, parseListen } from '../../../src/control/listen-address.ts';

const open = { knowsClients: false, hasTls: false };

test('the loopback, and a path', () => {
	for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]'])
		assert.deepEqual(parseListen(`${host}:80`, open), {
			options: { host: host.replace(/[[\]]/g, ''), port: 80 },
			shown: `http://${host}:80`,
		});
	assert.deepEqual(parseListen('/run/c.sock', open), { options: { path: '/run/c.sock' }, shown: '/run/c.sock' });
});

test('no address that others reach, and nothing else', () => {
	for (const text of ['0.0.0.0:80', '[::]:80', '10.0.0.1:80', '127.0.0.1.example:80', 'example.org:80'])
		assert.throws(() => parseListen(text, open), /without --keys anybody who reaches .* could change the mesh/, text);
	for (const text of ['', '80', ':80', '127.0.0.1', '127.0.0.1:70000', '127.0.0.1:-1'])
		assert.throws(() => parseListen(text, open), /it takes ADDRESS:PORT, or the path of a unix socket/, text);
	assert.throws(() => parseListen(`/${'a'.repeat(200)}`, open), /a socket's path has at most/);
});

test('with keys it listens where others reach it', () => {
	for (const host of ['0.0.0.0', '[::]', '192.0.2.1', 'control.example'])
		assert.equal(parseListen(`${host}:8474`, { ...open, knowsClients: true }).shown, `http://${host}:8474`);
});

test('with a certificate it is reached by https', () => {
	assert.equal(parseListen('[::1]:8474', { ...open, hasTls: true }).shown, 'https://[::1]:8474');
});

test('Envoys are served on the loopback, and elsewhere only by TLS and where it is known who they are', () => {
	assert.deepEqual(parseAdsListen('[::1]:18000', open), {
		options: { host: '::1', port: 18_000 },
		shown: '[::1]:18000',
	});
	assert.equal(parseAdsListen('0.0.0.0:18000', { knowsClients: true, hasTls: true }).shown, '0.0.0.0:18000');
	const refused = [
		[open, /without --certificate and --client-ca or --keys anybody who reaches 10\.0\.0\.1 could read the mesh/],
		[{ ...open, knowsClients: true }, /without --certificate and --client-ca or --keys/],
		[{ ...open, hasTls: true }, /without --client-ca or --keys/],
	] as const;
	for (const [protection, why] of refused) assert.throws(() => parseAdsListen('10.0.0.1:18000', protection), why);
	for (const text of ['', '/run/ads', '18000'])
		assert.throws(() => parseAdsListen(text, open), /it takes ADDRESS:PORT$/);
});
