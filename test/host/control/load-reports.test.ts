// What Envoys that get their configuration from `turnout control --ads` report of their load (Envoy's LRS).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askSocket } from '../../lab/net/socket.ts';
import { eventually } from '../../support/eventually.ts';
import { createFleetHost, createShop, DOOR } from '../../support/fleet-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const door = { address: '127.0.0.1', port: 8088, host: 'pages.shop' };
const [V1, V2] = ['mesh/shop/virtualNode/v1', 'mesh/shop/virtualNode/v2'];
const REQUESTS = 40;

interface Load {
	readonly node: string;
	readonly requests: number;
	readonly succeeded: number;
}

describe('the load of Envoys', async () => {
	const stack = suiteStack();
	const fleet = await createFleetHost(stack);
	const control = await fleet.start();
	stack.defer(async () => void (await control.stop('SIGTERM')));
	await createShop(control);
	const envoy = await fleet.startEnvoy();
	const socket = join(fleet.folder, 'control/mesh/.turnout-control');
	const ask = async (path: string) => (await askSocket(socket, 'GET', path)).text;
	const loads = async (): Promise<readonly Load[] | undefined> =>
		JSON.parse(await ask('/control/v1/status')).nodes.find(({ node }: { node: string }) => node === DOOR)?.load;
	const loadOf = async (of: string) => (await loads())?.find(({ node }) => node === of);

	test('is shown by the node that it goes to, and is gone with the Envoy', async () => {
		await eventually(
			() => fleet.app.get(door),
			({ body }) => body === 'v1',
		);
		assert.equal(await loads(), undefined, 'nothing is reported yet');
		// An interval has just begun.
		await eventually(
			() => loadOf(V1),
			(load) => load?.requests === 0,
		);
		for (let at = 0; at < REQUESTS; at += 1) await fleet.app.get(door);
		const load = await eventually(
			() => loadOf(V1),
			(found) => found !== undefined && found.requests > 0,
		);
		assert.ok(load);
		// Envoy measures how long the interval of 10 s was.
		assert.ok(Math.abs(load.requests - REQUESTS / 10) < 0.6, JSON.stringify(load));
		assert.equal(load.succeeded, load.requests);
		assert.partialDeepStrictEqual(await loadOf(V2), { requests: 0, succeeded: 0, failed: 0 });
		const metrics = await ask('/metrics');
		assert.match(
			metrics,
			new RegExp(`^turnout_control_target_requests_per_second\\{node="${V1}"\\} ${load.requests}$`, 'm'),
		);
		assert.match(metrics, new RegExp(`^turnout_control_target_errors_per_second\\{node="${V1}"\\} 0$`, 'm'));
		assert.doesNotMatch(envoy.log(), /StreamLoadStats/);
		envoy[Symbol.dispose]();
		await eventually(loads, (found) => found === undefined);
		assert.doesNotMatch(await ask('/metrics'), /^turnout_control_target_requests_per_second\{/m);
	});
});
