import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { Method } from '../../../src/localapi/protocol.ts';
import { parseRequest } from '../../../src/localapi/validate.ts';

test('no body, an empty one and an empty object mean the same', () => {
	for (const body of ['', ' \n', '{}', ' { } ']) assert.deepEqual(parseRequest('enable', body), {});
});

test('drainSeconds is accepted by disable only', () => {
	for (const drainSeconds of [0, 5, 3600])
		assert.deepEqual(parseRequest('disable', JSON.stringify({ drainSeconds })), { drainSeconds });
	assert.throws(() => parseRequest('enable', '{"drainSeconds":5}'), refused(/unknown member "drainSeconds"/));
});

test('cutExisting is accepted by enable only', () => {
	for (const cutExisting of [true, false])
		assert.deepEqual(parseRequest('enable', JSON.stringify({ cutExisting })), { cutExisting });
	assert.throws(() => parseRequest('disable', '{"cutExisting":true}'), refused(/unknown member "cutExisting"/));
});

test('image is optional, and accepted by update only', () => {
	assert.deepEqual(parseRequest('update', ''), {});
	for (const image of ['envoy', 'envoyproxy/envoy:v1.40.0', `localhost:5000/x@sha256:${'0'.repeat(64)}`])
		assert.deepEqual(parseRequest('update', JSON.stringify({ image })), { image });
	assert.throws(() => parseRequest('reload', '{"image":"envoy"}'), refused(/unknown member "image"/));
});

test('SSH sessions are accepted by enable and reload, in the form of SSH_CONNECTION', () => {
	for (const session of ['203.0.113.10 50000 10.77.0.2 22', 'fe80::1%eth0 50000 fe80::2%eth0 2222', '::1 1 ::1 22'])
		for (const method of ['enable', 'reload'] as const)
			assert.deepEqual(parseRequest(method, JSON.stringify({ session, sessions: [session] })).session, session);
});

const wrong: readonly (readonly [Method, string, RegExp])[] = [
	['enable', '{', /not a JSON object/],
	['enable', 'enable', /not a JSON object/],
	['enable', '[]', /not a JSON object/],
	['enable', '"{}"', /not a JSON object/],
	['enable', '1', /not a JSON object/],
	['enable', 'null', /not a JSON object/],
	['enable', '{"cutExisting":1}', /cutExisting is not a boolean/],
	['enable', '{"cutExisting":"yes"}', /cutExisting is not a boolean/],
	['enable', '{"session":"203.0.113.10 50000"}', /session is not a value of SSH_CONNECTION/],
	['enable', '{"session":"203.0.113.10 50000 fd77::2 22"}', /session is not a value of SSH_CONNECTION/],
	['reload', '{"session":"fe80::1%$(id) 1 fe80::2 22"}', /session is not a value of SSH_CONNECTION/],
	['explain', '{"out":5}', /out is not a destination HOST:PORT or \[IPV6\]:PORT/],
	['explain', '{"out":"$(id):80"}', /out is not a destination/],
	['explain', '{"user":"root"}', /it has none of out, in, pid/],
	['explain', '{"user":"a\\nb"}', /user is not a name or id of a user/],
	['explain', '{"in":0}', /in is not a port from 1 to 65535/],
	['explain', '{"pid":"7"}', /pid is not a process id from 1 to 4194304/],
	['explain', '{"interface":"a/b"}', /interface is not a name of an interface/],
	['explain', '{"headers":"a=b"}', /headers is not a list of at most 100 texts/],
	['reload', '{"sessions":["a"]}', /sessions is not a list of at most 500 values of SSH_CONNECTION/],
	['disable', '{"session":"::1 1 ::1 22"}', /unknown member "session"/],
	['reload', '{"file":"/etc/passwd"}', /unknown member "file"/],
	['reload', '{"__proto__":{}}', /unknown member "__proto__"/],
	['disable', '{"drainSeconds":-1}', /not a whole number from 0 to 3600/],
	['disable', '{"drainSeconds":3601}', /not a whole number from 0 to 3600/],
	['disable', '{"drainSeconds":1.5}', /not a whole number from 0 to 3600/],
	['disable', '{"drainSeconds":"5"}', /not a whole number from 0 to 3600/],
	['disable', '{"drainSeconds":null}', /not a whole number from 0 to 3600/],
	['disable', '{"drainSeconds":1e400}', /not a whole number from 0 to 3600/],
	['disable', '{"drainseconds":5}', /unknown member "drainseconds"/],
	['update', '{"image":""}', /image is not a valid image reference/],
	['update', '{"image":null}', /image is not a valid image reference/],
	['update', '{"image":["envoy"]}', /image is not a valid image reference/],
	['update', '{"image":"envoy:1 --privileged"}', /image is not a valid image reference/],
	['update', '{"image":"https://example.com/envoy"}', /image is not a valid image reference/],
	['update', '{"drainSeconds":5}', /unknown member "drainSeconds"/],
];

for (const [method, body, why] of wrong)
	test(`${method} with the body ${body} is rejected with the reason`, () => {
		assert.throws(() => parseRequest(method, body), refused(why));
	});

const refused =
	(why: RegExp) =>
	(error: unknown): boolean => {
		assert.ok(error instanceof Failure);
		assert.equal(error.code, 'usage');
		assert.match(error.message, why);
		return true;
	};
