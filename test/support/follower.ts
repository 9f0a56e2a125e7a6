// A command that goes on, and what it has printed so far.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/net/namespace.ts';
import { turnoutProgram } from '../lab/turnout.ts';
import { eventually } from './eventually.ts';

export interface Follower extends Disposable {
	/** The next line like this, behind those that were asked for before. */
	readonly next: (like: RegExp) => Promise<string>;
	/** SIGTERM, and its exit code. */
	readonly stop: () => Promise<number | null>;
}

export function follow(host: Namespace, args: readonly string[]): Follower {
	const child = host.spawn(turnoutProgram, args);
	const lines: string[] = [];
	createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => lines.push(line));
	return {
		async next(like) {
			const at = await eventually(
				() => lines.findIndex((line) => like.test(line)),
				(found) => found !== -1,
			);
			return String(lines.splice(0, at + 1).at(-1));
		},
		async stop() {
			child.kill('SIGTERM');
			const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(60_000) })) as [number | null];
			return code;
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}
