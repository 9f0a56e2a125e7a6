import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { Method } from '../../../src/localapi/protocol.ts';
import { parseRequest } from '../../../src/localapi/validate.ts';

test('no body, an empty one and an empty object are the same', () => {
	for (const body of ['', ' \n', '{}', ' { } ']) assert.deepEqual(parseRequest('enable', body), {});
});

test('how long to drain may be said to disable only', () => {
	for (const drainSeconds of [0, 5, 3600])
		assert.deepEqual(parseRequest('disable', JSON.stringify({ drainSeconds })), { drainSeconds });
	assert.throws(() => parseRequest('enable', '{"drainSeconds":5}'), refused(/"drainSeconds" is not known here/));
});

test('whether to cut connections off may be said to enable only', () => {
	for (const cutExisting of [true, false])
		assert.deepEqual(parseRequest('enable', JSON.stringify({ cutExisting })), { cutExisting });
	assert.throws(() => parseRequest('disable', '{"cutExisting":true}'), refused(/"cutExisting" is not known here/));
});

test('which image is to be run may be said to update only, and it may be left to the settings', () => {
	assert.deepEqual(parseRequest('update', ''), {});
	for (const image of ['envoy', 'envoyproxy/envoy:v1.40.0', `localhost:5000/x@sha256:${'0'.repeat(64)}`])
		assert.deepEqual(parseRequest('update', JSON.stringify({ image })), { image });
	assert.throws(() => parseRequest('reload', '{"image":"envoy"}'), refused(/"image" is not known here/));
});

test('who is logged in may be said to enable and reload, as sshd says it', () => {
	for (const session of ['203.0.113.10 50000 10.77.0.2 22', 'fe80::1%eth0 50000 fe80::2%eth0 2222', '::1 1 ::1 22'])
		for (const method of ['enable', 'reload'] as const)
			assert.deepEqual(parseRequest(method, JSON.stringify({ session, sessions: [session] })).session, session);
});

const wrong: readonly (readonly [Method, string, RegExp])[] = [
	['enable', '{', /no JSON object/],
	['enable', 'enable', /no JSON object/],
	['enable', '[]', /no JSON object/],
	['enable', '"{}"', /no JSON object/],
	['enable', '1', /no JSON object/],
	['enable', 'null', /no JSON object/],
	['enable', '{"cutExisting":1}', /cutExisting is no boolean/],
	['enable', '{"cutExisting":"yes"}', /cutExisting is no boolean/],
	['enable', '{"session":"203.0.113.10 50000"}', /session is no value of SSH_CONNECTION/],
	['enable', '{"session":"203.0.113.10 50000 fd77::2 22"}', /session is no value of SSH_CONNECTION/],
	['reload', '{"session":"fe80::1%$(id) 1 fe80::2 22"}', /session is no value of SSH_CONNECTION/],
	['reload', '{"sessions":["a"]}', /sessions is no list of at most 500 values of SSH_CONNECTION/],
	['disable', '{"session":"::1 1 ::1 22"}', /"session" is not known here/],
	['reload', '{"file":"/etc/passwd"}', /"file" is not known here/],
	['reload', '{"__proto__":{}}', /"__proto__" is not known here/],
	['disable', '{"drainSeconds":-1}', /no whole number from 0 to 3600/],
	['disable', '{"drainSeconds":3601}', /no whole number from 0 to 3600/],
	['disable', '{"drainSeconds":1.5}', /no whole number from 0 to 3600/],
	['disable', '{"drainSeconds":"5"}', /no whole number from 0 to 3600/],
	['disable', '{"drainSeconds":null}', /no whole number from 0 to 3600/],
	['disable', '{"drainSeconds":1e400}', /no whole number from 0 to 3600/],
	['disable', '{"drainseconds":5}', /"drainseconds" is not known here/],
	['update', '{"image":""}', /image is no reference of an image/],
	['update', '{"image":null}', /image is no reference of an image/],
	['update', '{"image":["envoy"]}', /image is no reference of an image/],
	['update', '{"image":"envoy:1 --privileged"}', /image is no reference of an image/],
	['update', '{"image":"https://example.com/envoy"}', /image is no reference of an image/],
	['update', '{"drainSeconds":5}', /"drainSeconds" is not known here/],
];

for (const [method, body, why] of wrong)
	test(`${method} with the body ${body} is refused with the reason`, () => {
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
