// A program on a terminal of its own, as script(1) makes one: what is written is typed, what is read is on the screen.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Namespace } from '../lab/net/namespace.ts';

export interface Terminal extends Disposable {
	readonly type: (keys: string) => void;
	/** Resolves once the screen says so, behind what was looked for last; rejects if that takes too long. */
	readonly shows: (what: RegExp, patienceMs?: number) => Promise<void>;
	readonly screen: () => string;
	/** The program's exit code. */
	readonly ended: Promise<number | null>;
}

const PATIENCE_MS = 60_000;

/** `command` is for sh(1). */
export function openTerminal(
	namespace: Pick<Namespace, 'spawn'>,
	command: string,
	env: NodeJS.ProcessEnv = {},
): Terminal {
	const child = namespace.spawn('script', ['-qefc', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
		env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
	});
	const output = { text: '', seen: 0 };
	child.stdout?.setEncoding('utf8').on('data', (part: string) => {
		output.text += part;
	});
	const ended = once(child, 'close').then(([code]) => code as number | null);
	return {
		type: (keys) => void child.stdin?.write(keys),
		async shows(what, patienceMs = PATIENCE_MS) {
			const deadline = AbortSignal.timeout(patienceMs);
			let found = what.exec(output.text.slice(output.seen));
			for (; found === null; found = what.exec(output.text.slice(output.seen))) {
				const isOver = deadline.aborted || child.exitCode !== null || child.signalCode !== null;
				assert.ok(!isOver, `the screen never shows ${what}: ${JSON.stringify(output.text)}`);
				await nextChange(child, deadline);
			}
			output.seen += found.index + found[0].length;
		},
		screen: () => output.text,
		ended,
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

/** Something more on the screen, or the end; in any case not longer than until the deadline. */
async function nextChange(child: ChildProcess, deadline: AbortSignal): Promise<void> {
	const over = new AbortController();
	const signal = AbortSignal.any([over.signal, deadline]);
	const events = [once(child, 'close', { signal }), ...(child.stdout ? [once(child.stdout, 'data', { signal })] : [])];
	await Promise.race(events).catch(() => undefined);
	over.abort();
}
