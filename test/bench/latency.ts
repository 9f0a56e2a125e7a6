import { createHost } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { ids } from '../lab/net/peers.ts';
import { turnout } from '../lab/turnout.ts';
import { createAnswerers } from './answerers.ts';
import { type Figure, latencyFigures } from './figure.ts';
import { turnoutEnvironment } from './programs.ts';
import { createStopwatch } from './stopwatch.ts';
import { takeTurns } from './turns.ts';

/**
 * What a connection costs, by who takes it. Each stands beside the same connection without any rules: a captured one
 * ends at the host's own egress listener, so it stands beside one that was sent there.
 */
export async function benchLatency(connections: number): Promise<readonly Figure[]> {
	using stack = new DisposableStack();
	const [ruled, bare] = [stack.use(createHost({ container: false })), stack.use(createHost({ container: false }))];
	for (const lab of [ruled, bare]) await stack.use(createAnswerers(lab)).ready;
	const { code, stderr } = turnout(ruled.host, ['init'], { env: turnoutEnvironment });
	if (code !== 0) throw new Error(`Cannot measure captured connections: ${stderr}`);
	const [withRules, without] = [ruled, bare].map(({ host }) => stack.use(createStopwatch(host, ids.app)));
	if (!withRules || !without) throw new Error('unreachable: two were made');
	const { remote, metadata } = addresses;
	const taken = await takeTurns(connections, {
		captured: (count) => withRules.connect(remote.v4, 443, count),
		toListener: (count) => without.connect('127.0.0.1', 15001, count),
		ignored: (count) => withRules.connect(metadata.v4, 80, count),
		noRules: (count) => without.connect(metadata.v4, 80, count),
	});
	const direct = 'no rules at all, same way';
	return [
		...latencyFigures('a captured connection', taken.captured, 'no rules, straight to the listener', taken.toListener),
		...latencyFigures('an ignored address', taken.ignored, direct, taken.noRules),
	];
}
