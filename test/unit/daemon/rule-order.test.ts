import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Inspected } from '../../../src/daemon/dependencies.ts';
import { createRulePrecedence } from '../../../src/daemon/rule-order.ts';

test('rules of others that cannot be read ahead end no daemon: whoever asks for them is told', async () => {
	const fails = async () => Promise.reject(new Error('the kernel does not say'));
	const precedence = createRulePrecedence({ chains: fails, read: fails }, () => undefined);
	precedence.prefetch();
	// A rejection that nobody has heard of would end the daemon by now, and fails this test.
	await setImmediate();
	await assert.rejects(precedence.inspect({ isOn: true } as Inspected), /does not say/);
});
