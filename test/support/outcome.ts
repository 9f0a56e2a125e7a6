// A program to its end beside others: what `tryRun` does, without stopping everything else of the test meanwhile.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Result } from '../lab/net/namespace.ts';

/** Started with pipes. A child that is killed has the code 128. */
export async function outcomeOf(child: ChildProcess, input = ''): Promise<Result> {
	const said = { stdout: '', stderr: '' };
	child.stdout?.setEncoding('utf8').on('data', (part: string) => {
		said.stdout += part;
	});
	child.stderr?.setEncoding('utf8').on('data', (part: string) => {
		said.stderr += part;
	});
	// A program may end before it has read all of its input.
	child.stdin?.on('error', () => undefined).end(input);
	const [code] = (await once(child, 'close')) as [number | null];
	return { code: code ?? 128, ...said };
}
