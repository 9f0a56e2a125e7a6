// Where the demo is watched: a terminal on which the table fills, or a stream that gets line after line.
import { spawnSync } from 'node:child_process';
import type { WriteStream } from 'node:tty';
import { untilExit } from '../lab/net/cleanup.ts';
import { type Colours, createColours } from './colours.ts';

/** The table is drawn over itself only where it fits as a whole. */
const COLUMNS = 80;
const ROWS = 22;

export interface Screen extends Disposable {
	readonly isLive: boolean;
	readonly colours: Colours;
	/** What is happening; on a terminal only, below the table until the next thing happens. */
	readonly tell: (text: string) => void;
	/** What has happened; it stays, above the table. */
	readonly note: (text: string) => void;
	/** What was done, and how long it took since then. */
	readonly step: (text: string, startMs: number) => void;
	/** Something to know of the step above. */
	readonly fact: (name: string, text: string) => void;
	/** The table as it is now; on a terminal only. */
	readonly draw: (table: readonly string[]) => void;
	/** The table as it stays, after which only `print` is called. */
	readonly finish: (table: readonly string[]) => void;
	readonly print: (text: string) => void;
}

export function createScreen(output: WriteStream, env: NodeJS.ProcessEnv): Screen {
	const isLive = output.isTTY && output.columns >= COLUMNS && output.rows > ROWS && env['TERM'] !== 'dumb';
	const colours = createColours(output.isTTY, env);
	const release = isLive ? holdTerminal(output) : () => undefined;
	const shown: { height: number; table: readonly string[]; text: string } = { height: 0, table: [], text: '' };
	const print = (text: string): void => void output.write(text);
	const redraw = (above: readonly string[] = []): void => {
		const [back, below] = [shown.height === 0 ? '' : `\u001b[${shown.height}A`, [...shown.table, shown.text]];
		print(`${back}\r${[...above, ...below].map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
		shown.height = below.length;
	};
	const update = (change: Partial<typeof shown>, above?: readonly string[]): void => {
		Object.assign(shown, change);
		if (isLive) redraw(above);
	};
	const note = (text: string): void => (isLive ? redraw([text]) : print(`${text}\n`));
	return {
		...{ isLive, colours, note, print },
		tell: (text) => update({ text }),
		step(text, startMs) {
			const took = `${((performance.now() - startMs) / 1_000).toFixed(2)} s`;
			shown.text = '';
			note(`${colours.bold(text)}${took.padStart(Math.max(COLUMNS - text.length, took.length + 2))}`);
		},
		fact: (name, text) => note(`  ${colours.dim(name.padEnd(8))}${text}`),
		draw: (table) => update({ table }),
		finish(table) {
			update({ table: [], text: '' });
			print(`${isLive ? '' : '\n'}${table.join('\n')}\n`);
			release();
		},
		[Symbol.dispose]: release,
	};
}

/** What stty(1) prints; nothing where there is no terminal. */
const stty = (...args: readonly string[]): string =>
	spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' }).stdout?.trim() ?? '';

/** Returns what restores the terminal's settings; the end of the process does at the latest. */
export function rememberTerminal(): () => void {
	const former = stty('-g');
	return untilExit(() => {
		if (former !== '') stty(former);
	});
}

/** No cursor that jumps, and no echo of an impatient key into the table; both come back whatever happens. */
function holdTerminal(output: WriteStream): () => void {
	const restore = rememberTerminal();
	const showCursor = untilExit(() => output.write('\u001b[?25h'));
	output.write('\u001b[?25l');
	stty('-echo');
	return () => {
		showCursor();
		restore();
	};
}
