import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListen } from '../../../src/control/listen-address.ts';

test('the loopback, and a path', () => {
	for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]'])
		assert.deepEqual(parseListen(`${host}:80`, false), {
			options: { host: host.replace(/[[\]]/g, ''), port: 80 },
			shown: `http://${host}:80`,
		});
	assert.deepEqual(parseListen('/run/c.sock', false), { options: { path: '/run/c.sock' }, shown: '/run/c.sock' });
});

test('no address that others reach, and nothing else', () => {
	for (const text of ['0.0.0.0:80', '[::]:80', '10.0.0.1:80', '127.0.0.1.example:80', 'example.org:80'])
		assert.throws(() => parseListen(text, false), /without --keys anybody who reaches .* could change the mesh/, text);
	for (const text of ['', '80', ':80', '127.0.0.1', '127.0.0.1:70000', '127.0.0.1:-1'])
		assert.throws(() => parseListen(text, false), /it takes ADDRESS:PORT, or the path of a unix socket/, text);
	assert.throws(() => parseListen(`/${'a'.repeat(200)}`, false), /a socket's path has at most/);
});

test('with keys it listens where others reach it', () => {
	for (const host of ['0.0.0.0', '[::]', '192.0.2.1', 'control.example'])
		assert.equal(parseListen(`${host}:8474`, true).shown, `http://${host}:8474`);
});
