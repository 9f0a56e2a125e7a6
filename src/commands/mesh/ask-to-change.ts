import { createInterface } from 'node:readline/promises';
import type { Given } from '../../cli/arguments.ts';

/** Somebody at a terminal is asked; a script says --confirm, or sees only what would be changed. */
export async function mayChange(
	given: Given,
	question: string,
	{ isJson, signal }: { readonly isJson: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
	if (given['confirm'] === true) return true;
	if (isJson || !process.stdin.isTTY || !process.stderr.isTTY) return false;
	const lines = createInterface({ input: process.stdin, output: process.stderr });
	try {
		return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
	} catch (error) {
		// Ctrl-C and Ctrl-D are no yes.
		if (!(error instanceof Error && error.name === 'AbortError')) throw error;
		process.stderr.write('\n');
		return false;
	} finally {
		lines.close();
	}
}
