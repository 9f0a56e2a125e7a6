/**
 * Text from outside, safe to print: no character of it may steer a terminal (C0, DEL and C1 of ECMA-48). Line ends stay,
 * unless the text is quoted.
 */
export const escapeControls = (text: string): string =>
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, escaped);

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const LONGEST_QUOTE = 80;

export const quote = (text: string): string =>
	escapeControls(JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text));

/** The same on one line: for a message of somebody else's in the middle of ours. */
export const oneLine = (text: string): string => escapeControls(text.trim().replace(/\s*\n\s*/g, '; '));

/** Whether a text has any character that steers a terminal or ends a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const hasControlCharacters = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(text);
