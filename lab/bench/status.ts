import { createActor } from '../actor.ts';
import { startDaemon } from '../turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { bareNode, turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** `status` from its start to its end, while interception is on and all is well. */
export async function benchStatus(runs: number): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const { host } = stack.use(createPlace('nft'));
	await stack.use(createActor(host, { uid: 1337 })).listen('envoy', [15000, 15001]);
	const daemon = stack.use(await startDaemon(host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } }));
	const stopwatch = stack.use(createStopwatch(host));
	const { status, node } = await interleave(runs, {
		status: () => stopwatch.time(turnoutCommand('status', '--socket', daemon.socket)),
		node: () => stopwatch.time(bareNode('0')),
	});
	const reference = { name: 'node with an empty program', values: node };
	return [compare('status', status, reference, { limits: { on: 'value', goal: 50 } })];
}
