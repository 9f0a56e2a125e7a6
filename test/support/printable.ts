/** True where a terminal would show the text and do nothing else: no control characters, of the C0 and C1 sets (ECMA-48). */
export const isPrintable = (text: string): boolean => [...text].every(isShown);

function isShown(character: string): boolean {
	const code = character.codePointAt(0) ?? 0;
	return code >= 0x20 && (code < 0x7f || code > 0x9f);
}
