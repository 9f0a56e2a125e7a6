/**
 * Escapes control characters (C0, DEL and C1 of ECMA-48), so that untrusted text cannot control the reader's terminal; and
 * what turns the order of letters around (UAX #9) or is not seen at all, so that it cannot pass for another text. Line feeds
 * stay; `quote` escapes them too. Joiners stay: some languages need them.
 */
export const escapeControls = (text: string): string =>
	text.replace(
		// biome-ignore lint/suspicious/noControlCharactersInRegex: matching them is the purpose
		/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
		escaped,
	);

/** A line of its own, whatever is in it: no name can write another one. */
export const lineOf = (text: string): string => `${escapeControls(text).replaceAll('\n', '\\n')}\n`;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const LONGEST_QUOTE = 80;

export const quote = (text: string): string =>
	escapeControls(JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text));

/** In quotes only where it could be misread. */
export const shown = (text: string): string => (/^[\w./:*@-]+$/.test(text) ? text : quote(text));

/** Joins the lines with `; `: for another program's message inside one of ours. */
export const oneLine = (text: string): string => {
	// An expression that looks for white space around a line feed takes the square of its length.
	const lines = text.split('\n').map((line) => line.trim());
	return escapeControls(lines.filter((line) => line !== '').join('; '));
};

/** Unlike `escapeControls`, this counts line feeds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: matching them is the purpose
export const hasControlCharacters = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(text);
