import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdAmong, etcdPorts, parseEtcd, splitDefinitions } from '../../../src/values/etcd-address.ts';

test('an etcd is members and a prefix of keys', () => {
	const { members, prefix } = parseEtcd('etcd://a.example:2379,10.0.0.1,[fd00::1]:12379/turnout/mesh/');
	assert.deepEqual(members, [
		{ host: 'a.example', port: 2379 },
		{ host: '10.0.0.1', port: 2379 },
		{ host: 'fd00::1', port: 12379 },
	]);
	assert.equal(prefix, '/turnout/mesh/');
});

test('what is no etcd is refused with the part that is wrong', () => {
	const refused = {
		'etcd://': /"" is no HOST:PORT/,
		'etcd:///turnout': /"" is no HOST:PORT/,
		'etcd://a:2379': /names no prefix of keys, such as etcd:\/\/a:2379\/turnout/,
		'etcd://a:2379/': /names no prefix of keys/,
		'etcd://a:99999/t': /"a:99999" is no HOST:PORT/,
		'etcd://me:secret@a/t': /"me:secret@a" is no HOST:PORT/,
		'etcd://a,,b/t': /"" is no HOST:PORT/,
		'etcd://a//t': /empty part/,
	};
	for (const [text, why] of Object.entries(refused)) assert.throws(() => parseEtcd(text), why, text);
});

test('commas between the members of an etcd do not end it, and those after its prefix do', () => {
	assert.deepEqual(splitDefinitions('/a, /b'), ['/a', '/b']);
	assert.deepEqual(splitDefinitions('etcd://a:2379,b:2379,c/t'), ['etcd://a:2379,b:2379,c/t']);
	assert.deepEqual(splitDefinitions('/x,etcd://a,b/t,/y'), ['/x', 'etcd://a,b/t', '/y']);
	assert.deepEqual(splitDefinitions(''), []);
});

test('its ports are those on which the daemon calls it', () => {
	assert.deepEqual(etcdPorts(['/etc/turnout/mesh']), []);
	assert.deepEqual(etcdPorts(['etcd://a:2381,b,c:2379/t']), [
		{ from: 2379, to: 2379 },
		{ from: 2381, to: 2381 },
	]);
	assert.equal(etcdAmong(['/etc/turnout/mesh']), undefined);
});
