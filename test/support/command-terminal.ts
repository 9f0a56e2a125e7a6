// A command run in this process: its exit code, and what it has printed.

import type { Given } from '../../src/cli/arguments.ts';
import type { CommandContext } from '../../src/cli/daemon-commands.ts';
import { plain } from '../../src/cli/paint.ts';

export interface Printed {
	readonly code: number;
	readonly printed: string;
}

export async function printedBy(
	run: (given: Given, words: readonly string[], terminal: CommandContext) => Promise<number>,
	words: readonly string[],
	given: Given = {},
): Promise<Printed> {
	const printed: string[] = [];
	const terminal: CommandContext = {
		out: (text) => void printed.push(text),
		isJson: given['json'] === true,
		paint: plain,
		signal: new AbortController().signal,
		progress: undefined,
		sessions: async () => ({ sessions: [] }),
	};
	const code = await run(given, words, terminal);
	return { code, printed: printed.join('') };
}
