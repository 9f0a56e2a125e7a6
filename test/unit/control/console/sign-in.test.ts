import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf } from '../../../../src/control/console/connection.ts';
import { createSignIn } from '../../../../src/control/console/sign-in.ts';
import { createFakeClock } from '../../../support/fake-clock.ts';
import { keysOf } from '../../../support/signed-call.ts';

const alice = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };
const bob = { accessKeyId: 'TURNBOB0000000000000', secretAccessKey: 'b'.repeat(40) };
const here = connectionOf({ headers: {}, socket: { remoteAddress: '127.0.0.1' } });
const far = (address: string) => connectionOf({ headers: {}, socket: encrypted(address) });
const encrypted = (remoteAddress: string) => ({ remoteAddress, encrypted: true });
const body = (given: unknown) => Buffer.from(typeof given === 'string' ? given : JSON.stringify(given));

function door() {
	const clock = createFakeClock();
	return { clock, signIn: createSignIn(() => keysOf(alice, bob), clock) };
}

test('who gives the id and the secret of a key is signed in', () => {
	const { signIn } = door();
	const found = signIn(here, body(alice));
	assert.equal('key' in found && found.key.id, alice.accessKeyId);
});

test('an unknown id and a wrong secret are refused by the same words', () => {
	const { signIn } = door();
	const attempts = [
		{ ...alice, secretAccessKey: bob.secretAccessKey },
		{ ...alice, secretAccessKey: '' },
		{ ...alice, accessKeyId: 'TURNNOBODY0000000000' },
		{ ...alice, accessKeyId: '__proto__' },
	].map((given) => signIn(here, body(given)));
	const told = attempts.map((found) => ('status' in found ? `${found.status} ${found.message}` : 'signed in'));
	assert.deepEqual([...new Set(told)], ['403 no access key has this id and this secret']);
	const logged = attempts.map((found) => 'refusal' in found && found.refusal.reason);
	assert.deepEqual(logged, ['other-secret', 'other-secret', 'unknown-key', 'unknown-key']);
	assert.ok(!JSON.stringify(attempts).includes('NOBODY'));
});

test('what is no such pair is refused', () => {
	for (const given of [
		'',
		'{',
		'[]',
		'null',
		{},
		{ accessKeyId: 1, secretAccessKey: 2 },
		{ accessKeyId: 'x'.repeat(2_000), secretAccessKey: 'y' },
	])
		assert.equal((door().signIn(here, body(given)) as { status?: number }).status, 400, JSON.stringify(given));
});

test('nobody signs in over a connection that others can read', () => {
	const { signIn } = door();
	const may = (remoteAddress: string | undefined, socket: object = {}) =>
		'key' in signIn(connectionOf({ headers: {}, socket: { remoteAddress, ...socket } }), body(alice));
	assert.deepEqual(
		['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1'].map((address) => may(address)),
		[false, false, false],
	);
	assert.deepEqual(
		['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined].map((address) => may(address)),
		Array(5).fill(true),
	);
	assert.ok(may('10.0.0.1', { encrypted: true }));
});

test('after five mistakes an address and an id have to wait, each time for twice as long, up to a minute', async () => {
	const { clock, signIn } = door();
	const wrong = { ...alice, secretAccessKey: 'wrong' };
	const statusOf = (from: typeof here, given: object) => {
		const found = signIn(from, body(given));
		return 'status' in found ? found.status : 200;
	};
	for (let tries = 0; tries < 5; tries += 1) assert.equal(statusOf(far('10.0.0.1'), wrong), 403);
	assert.equal(statusOf(far('10.0.0.1'), alice), 429, 'this address, also with the right secret');
	assert.equal(statusOf(far('10.0.0.1'), bob), 429, 'this address, with another key');
	assert.equal(statusOf(far('10.0.0.2'), alice), 429, 'this key, from elsewhere');
	assert.equal(statusOf(far('10.0.0.2'), bob), 200, 'another key from elsewhere');
	await clock.advance(999);
	assert.equal(statusOf(far('10.0.0.2'), alice), 429);
	await clock.advance(1);
	assert.equal(statusOf(far('10.0.0.2'), alice), 200);
	const pauses: number[] = [];
	for (let tries = 0; tries < 9; tries += 1) {
		assert.equal(statusOf(far('10.0.0.1'), wrong), 403);
		const found = signIn(far('10.0.0.1'), body(wrong));
		const waitMs = 'waitMs' in found ? (found.waitMs ?? 0) : 0;
		pauses.push(waitMs);
		await clock.advance(waitMs);
	}
	assert.deepEqual(pauses, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
	await clock.advance(15 * 60_000);
	for (let tries = 0; tries < 5; tries += 1) assert.equal(statusOf(far('10.0.0.1'), wrong), 403);
});
