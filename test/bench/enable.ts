import type { Installation } from '../../src/firewall/firewall.ts';
import { startDaemon, turnout } from '../lab/turnout.ts';
import type { Backend } from '../support/dialects.ts';
import { compare, type Figure } from './figure.ts';
import { createKeptClient } from './kept-client.ts';
import { createPlace } from './places.ts';
import { commitsOf, environmentOf, turnoutCommand } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** Switching on in the running daemon, against nothing but the commits that it comes to. */
export async function benchEnable({ backend, dialect }: Backend, patience: Patience): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const [our, their] = [stack.use(createPlace(dialect)), stack.use(createPlace(dialect))];
	const env = environmentOf(backend);
	const daemon = stack.use(await startDaemon(our.host, { env }));
	const client = stack.use(createKeptClient(daemon.socket));
	const stopwatch = stack.use(createStopwatch(their.host));
	const { stdout } = turnout(our.host, ['render', '--json'], { env });
	const commits = commitsOf(JSON.parse(stdout) as readonly Installation[], dialect);
	const logged: number[] = [];
	const { enable, bare } = await interleave(patience, {
		async enable() {
			await client.post('/v1/disable');
			const ms = await client.post('/v1/enable');
			logged.push(await client.loggedMs());
			return ms;
		},
		async bare() {
			await stopwatch.time({ ...turnoutCommand('clean'), env });
			return stopwatch.time(...commits);
		},
	});
	const reference = { name: backend === 'nft' ? 'a bare nft --file' : 'a bare pair of restores', values: bare };
	const limits = { on: 'ratio', goal: 1.5, must: backend === 'nft' ? 1.5 : 3 } as const;
	return [
		compare(`enable, to the reply with the status, ${backend}`, enable, reference, limits),
		compare(`enable, the change as the daemon logs it, ${backend}`, logged.slice(-enable.length), reference, limits),
	];
}
