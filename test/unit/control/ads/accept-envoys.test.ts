import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDoor } from '../../../../src/control/ads/accept-envoys.ts';
import { Failure } from '../../../../src/failure.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { serveFleet } from '../../../support/served-fleet.ts';

const caller = {
	address: '10.0.0.5',
	certificate: undefined,
	request: { method: 'POST', target: '/', rawHeaders: [], body: new Uint8Array() },
};
const nothing = Buffer.from('{}');

test('an Envoy that is refused is told of by what it asked for: its configuration, or to report its load', async () => {
	const told: string[] = [];
	const refusal = new Failure('permission', 'from 10.0.0.5: it has shown no certificate', 'Issue one');
	const whoever = [async () => ({ address: caller.address, admit: () => undefined }), () => Promise.reject(refusal)];
	const { fleet } = serveFleet();
	for (const identify of whoever) {
		const log = (_level: unknown, event: string): void => void told.push(event);
		const door = createDoor({ fleet, identify, log, clock: systemClock });
		for (const enter of [door.accept, door.acceptReports])
			await assert.rejects(async () => (await enter(caller, () => true)).receive(nothing), Failure);
		assert.equal(door.refused(), 2);
	}
	const both = ['an Envoy is refused its configuration', 'load reports of an Envoy are refused'];
	assert.deepEqual(told, [...both, ...both]);
});
