import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createOrder } from '../../../src/daemon/order.ts';
import type { Inspected } from '../../../src/daemon/parts.ts';

test('rules of others that cannot be read ahead end no daemon: whoever asks for them is told', async () => {
	const fails = async () => Promise.reject(new Error('the kernel does not say'));
	const order = createOrder({ chains: fails, read: fails }, () => undefined);
	order.prefetch();
	// A rejection that nobody has heard of would end the daemon by now, and fails this test.
	await setImmediate();
	await assert.rejects(order.inspect({ isOn: true } as Inspected), /does not say/);
});
