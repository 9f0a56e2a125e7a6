// The settings of the terminal that the demo was started on, where it was.
import { spawnSync } from 'node:child_process';
import { untilExit } from '../lab/net/cleanup.ts';

/** What stty(1) prints; nothing where there is no terminal. */
export const stty = (...args: readonly string[]): string =>
	spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' }).stdout?.trim() ?? '';

/** Returns what puts them back; at the latest the end of the process does, whoever has changed them and was killed. */
export function rememberTerminal(): () => void {
	const former = stty('-g');
	return untilExit(() => {
		if (former !== '') stty(former);
	});
}
