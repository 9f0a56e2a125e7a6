import type { OnOutput } from './runtime.ts';

/** Forwards Envoy's output, and keeps the line that best explains its end. */
export interface OutputRecorder {
	readonly onOutput: OnOutput;
	/** '' before the first line. */
	readonly lastLine: () => string;
}

export function createOutputRecorder(forward: OnOutput): OutputRecorder {
	let lastLine = '';
	return {
		onOutput(line) {
			lastLine = mostTellingLine(lastLine, line);
			forward(line);
		},
		lastLine: () => lastLine,
	};
}

/** An error outranks what is logged after it, and any text outranks an empty line. */
function mostTellingLine(former: string, line: string): string {
	const isError = (text: string) => /\[(critical|error)\]/.test(text);
	if (line.trim() === '') return former;
	return isError(former) && !isError(line) ? former : line;
}

/** `how`: see `exitText`. */
export const exitWithLastLine = (how: string, lastLine: string): string =>
	`Envoy ${how}${lastLine === '' ? '' : `; its last line: ${lastLine}`}`;
