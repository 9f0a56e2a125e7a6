import { styleText } from 'node:util';

export type Paint = (style: 'red' | 'green' | 'yellow' | 'dim', text: string) => string;

/** Colours on a terminal; none in files and pipes, and with NO_COLOR (no-color.org). */
export const createPaint =
	(stream: NodeJS.WritableStream): Paint =>
	(style, text) =>
		styleText(style, text, { stream });

export const plain: Paint = (_, text) => text;
