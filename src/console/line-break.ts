/** With the indentation of the line that it ends, and two more where something is to come in it. */
export function lineBreakAt(text: string, at: number): string {
	const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
	const indentation = /^ */.exec(line)?.[0] ?? '';
	return `\n${indentation}${/[:{[]\s*$/.test(line) ? '  ' : ''}`;
}
