import { startDaemon } from '../lab/turnout.ts';
import { createAnswerers } from './answerers.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { bareNode, turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** `status` from its start to its end, while interception is on and all is well. */
export async function benchStatus(patience: Patience): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createPlace('nft'));
	await stack.use(createAnswerers(lab)).ready;
	const { host } = lab;
	const daemon = stack.use(await startDaemon(host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } }));
	const stopwatch = stack.use(createStopwatch(host));
	const { status, node } = await interleave(patience, {
		status: () => stopwatch.time(turnoutCommand('status', '--socket', daemon.socket)),
		node: () => stopwatch.time(bareNode('0')),
	});
	const reference = { name: 'node with an empty program', values: node };
	return [compare('status', status, reference, { on: 'value', goal: 50 })];
}
