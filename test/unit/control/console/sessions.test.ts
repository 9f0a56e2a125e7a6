import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessions } from '../../../../src/control/console/sessions.ts';
import { createFakeClock } from '../../../support/fake-clock.ts';
import { keysOf } from '../../../support/signed-call.ts';

const MINUTE = 60_000;
const alice = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };

function begun() {
	const clock = createFakeClock();
	const held = { keys: keysOf(alice) };
	const sessions = createSessions(() => held.keys, clock);
	const key = held.keys.get(alice.accessKeyId);
	assert.ok(key);
	return { clock, held, sessions, key, ...sessions.begin(key) };
}

test('a session is known by 256 random bits, and no two have the same', () => {
	const { sessions, key, token, csrfToken } = begun();
	assert.equal(Buffer.from(token, 'base64url').length, 32);
	assert.notEqual(token, csrfToken);
	assert.notEqual(sessions.begin(key).token, token);
	assert.equal(sessions.find(token, true)?.key, key);
	assert.equal(sessions.find(`${token}x`, true), undefined);
	assert.equal(sessions.find('', true), undefined);
});

test('who does nothing for half an hour is signed out, also with the page left open', async () => {
	const { clock, sessions, token } = begun();
	await clock.advance(29 * MINUTE);
	assert.ok(sessions.find(token, true));
	await clock.advance(29 * MINUTE);
	assert.ok(sessions.find(token, false));
	await clock.advance(MINUTE);
	assert.equal(sessions.find(token, true), undefined);
});

test('after eight hours everybody signs in again', async () => {
	const { clock, sessions, token } = begun();
	for (let minutes = 0; minutes < 8 * 60 - 20; minutes += 20) {
		await clock.advance(20 * MINUTE);
		assert.ok(sessions.find(token, true), `after ${minutes + 20} minutes`);
	}
	await clock.advance(20 * MINUTE);
	assert.equal(sessions.find(token, true), undefined);
});

test('a session ends with its key, and with the secret or the user that it was made with', () => {
	for (const change of [
		() => keysOf(),
		() => keysOf({ ...alice, secretAccessKey: 'b'.repeat(40) }),
		() => new Map([...keysOf(alice)].map(([id, key]) => [id, { ...key, user: 'bob' }])),
	]) {
		const { held, sessions, token } = begun();
		held.keys = change();
		assert.equal(sessions.find(token, true), undefined);
		held.keys = keysOf(alice);
		assert.equal(sessions.find(token, true), undefined);
	}
});

test('with other policies it goes on, and has these', () => {
	const { held, sessions, token } = begun();
	held.keys = keysOf({ ...alice, policies: [{ name: 'P', statements: [] }] });
	assert.equal(sessions.find(token, true)?.key.policies[0]?.name, 'P');
});

test('signing out ends one session and no other; of too many the oldest ends', () => {
	const { sessions, key, token } = begun();
	const second = sessions.begin(key).token;
	sessions.end(token);
	assert.equal(sessions.find(token, true), undefined);
	assert.ok(sessions.find(second, true));
	for (let at = 0; at < 1_000; at += 1) sessions.begin(key);
	assert.equal(sessions.find(second, true), undefined);
});
