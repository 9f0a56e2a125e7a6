import type { Dialect } from '../lab/net/restore.ts';
import { startDaemon, turnout } from '../lab/turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createKeptClient } from './kept-client.ts';
import { createPlace } from './places.ts';
import { turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { type Command, createStopwatch } from './stopwatch.ts';

/** Switching on in the running daemon, against nothing but the two commits that it comes to. */
export async function benchEnable(dialect: Dialect, patience: Patience): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const [our, their] = [stack.use(createPlace(dialect)), stack.use(createPlace(dialect))];
	const daemon = stack.use(await startDaemon(our.host, { env: turnoutEnvironment }));
	const client = stack.use(createKeptClient(daemon.socket));
	const stopwatch = stack.use(createStopwatch(their.host));
	const commits = renderedCommits(dialect);
	const logged: number[] = [];
	const { enable, pair } = await interleave(patience, {
		async enable() {
			await client.post('/v1/disable');
			const ms = await client.post('/v1/enable');
			logged.push(await client.loggedMs());
			return ms;
		},
		async pair() {
			await stopwatch.time(turnoutCommand('clean'));
			return stopwatch.time(...commits);
		},
	});
	const reference = { name: 'a bare pair of restores', values: pair };
	const limits = { on: 'ratio', goal: 1.5, must: 3 } as const;
	return [
		compare(`enable, to the reply with the status, ${dialect}`, enable, reference, limits),
		compare(`enable, the change as the daemon logs it, ${dialect}`, logged.slice(-enable.length), reference, limits),
	];

	function renderedCommits(dialect: Dialect): readonly Command[] {
		const { stdout } = turnout(our.host, ['render', '--json', '--backend', `iptables-${dialect}`], {
			env: turnoutEnvironment,
		});
		return (JSON.parse(stdout) as readonly { family: string; document: string }[]).map(({ family, document }) => ({
			program: `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${dialect}-restore`,
			args: ['-w', '--noflush'],
			input: document,
		}));
	}
}
