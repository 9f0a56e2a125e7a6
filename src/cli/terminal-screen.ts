import type { ReadStream, WriteStream } from 'node:tty';

/** A terminal that is all a command's own. */
export interface Screen {
	/** Calls back for each key until the signal is aborted. */
	readonly onKey: (heard: (key: string) => void, signal: AbortSignal) => void;
	readonly rows: () => number;
}

/** Keys come one by one and are not shown; at the end the terminal is as it was. */
export const createScreen = (input: ReadStream, output: WriteStream): Screen => ({
	rows: () => output.rows,
	onKey(heard, signal) {
		const listen = (keys: Buffer) => {
			for (const key of keys.toString()) heard(key);
		};
		input.setRawMode(true).on('data', listen).resume();
		const stop = () => void input.off('data', listen).setRawMode(false).pause();
		signal.addEventListener('abort', stop, { once: true });
	},
});
