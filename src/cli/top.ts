import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../localapi/protocol.ts';
import { type Given, wholeNumber } from './arguments.ts';
import type { Screen } from './terminal-screen.ts';
import { type Look, topText } from './top-text.ts';

export interface TopTerminal {
	readonly out: (text: string) => void;
	readonly isJson: boolean;
	readonly signal: AbortSignal;
	readonly screen?: Screen | undefined;
}

/** ESC [ H: to the top left; ESC [ J: clears what is below (ECMA-48). The other buffer keeps what was on the screen. */
const HOME = '\u001b[H\u001b[J';
const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?1049l\u001b[?25h'];
const CTRL_C = '\u0003';

/** Draws until `q` or Ctrl-C; without a terminal once. */
export async function runTop(client: Client, given: Given, terminal: TopTerminal): Promise<number> {
	const { out, screen, isJson, signal } = terminal;
	const seconds = wholeNumber(given, 'interval', { least: 1, most: 3_600 }) ?? 1;
	const look = async (): Promise<Look> => ({ status: await client.status({}), atMs: performance.now() });
	const first = await look();
	if (screen === undefined || isJson) {
		out(isJson ? `${JSON.stringify(first.status)}\n` : topText(first));
		return 0;
	}
	const quit = new AbortController();
	const end = AbortSignal.any([signal, quit.signal]);
	screen.onKey((key) => (key === 'q' || key === CTRL_C ? quit.abort() : undefined), end);
	out(ENTER);
	try {
		await draw(look, first, { out, rows: screen.rows, everyMs: seconds * 1_000, end });
	} finally {
		out(LEAVE);
	}
	return 0;
}

interface Drawing {
	readonly out: (text: string) => void;
	readonly rows: () => number;
	readonly everyMs: number;
	readonly end: AbortSignal;
}

async function draw(look: () => Promise<Look>, first: Look, { out, rows, everyMs, end }: Drawing): Promise<void> {
	let before: Look | undefined;
	for (let now = first; !end.aborted; now = await look()) {
		const lines = topText(now, before).split('\n');
		out(HOME + [...lines.slice(0, rows() - 1), 'q leaves'].slice(-rows()).join('\n'));
		before = now;
		await sleep(everyMs, undefined, { signal: end }).catch(() => undefined);
	}
}
