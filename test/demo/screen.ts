// Where the demo is watched: a terminal on which the table fills, or a stream that is told line by line.
import type { WriteStream } from 'node:tty';
import { untilExit } from '../lab/net/cleanup.ts';
import { rememberTerminal, stty } from './terminal.ts';

export interface Screen extends Disposable {
	/** For people who watch; a stream need not be slowed down for them. */
	readonly isLive: boolean;
	/** The table as it is now. */
	readonly draw: (table: readonly string[]) => void;
	/** What is happening; on a terminal below the table until the next thing happens. */
	readonly tell: (text: string) => void;
	/** What has happened; it stays, above the table. */
	readonly note: (text: string) => void;
	/** The table as it stays. */
	readonly finish: (table: readonly string[]) => void;
}

export interface Size {
	readonly columns: number;
	readonly rows: number;
}

/** The table is drawn over itself only where it fits as a whole. */
export function createScreen(output: WriteStream, needed: Size): Screen {
	const fits = output.isTTY && output.columns >= needed.columns && output.rows > needed.rows;
	return fits && process.env['TERM'] !== 'dumb' ? liveScreen(output) : plainScreen(output);
}

function plainScreen(output: WriteStream): Screen {
	const print = (lines: readonly string[]) => void output.write(`${lines.join('\n')}\n`);
	return {
		isLive: false,
		draw: () => undefined,
		tell: (text) => print([text]),
		note: (text) => print([text]),
		finish: (table) => print(['', ...table]),
		[Symbol.dispose]: () => undefined,
	};
}

function liveScreen(output: WriteStream): Screen {
	const shown: { height: number; table: readonly string[]; text: string } = { height: 0, table: [], text: '' };
	const release = holdTerminal(output);
	const print = (lines: readonly string[]) => {
		const back = shown.height === 0 ? '' : `\u001b[${shown.height}A`;
		output.write(`${back}\r${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
		shown.height = lines.length;
	};
	const redraw = () => print([...shown.table, shown.text]);
	return {
		isLive: true,
		draw(table) {
			shown.table = table;
			redraw();
		},
		tell(text) {
			shown.text = text;
			redraw();
		},
		note(text) {
			print([text]);
			shown.height = 0;
			redraw();
		},
		finish(table) {
			print(['', ...table]);
			shown.height = 0;
			release();
		},
		[Symbol.dispose]: release,
	};
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
