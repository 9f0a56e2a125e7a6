/**
 * As IAM matches: `*` stands for any characters, `?` for one, and neither goes past a colon; but a `*` at the end of one of
 * the parts between colons does. All ways are followed at once: no pattern takes longer than its length times the text's.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
	const tokens = [...pattern];
	let reached = withSkipped(tokens, new Set([0]));
	for (const character of text) {
		const next = [...reached].flatMap((at) => after(tokens, at, character));
		reached = withSkipped(tokens, new Set(next));
	}
	return reached.has(tokens.length);
}

/** A `*` may stand for nothing. */
function withSkipped(tokens: readonly string[], reached: Set<number>): Set<number> {
	// What is added to a set while it is visited is visited too.
	for (const at of reached) if (tokens[at] === '*') reached.add(at + 1);
	return reached;
}

/** Where in the pattern one goes on, from `at`, once this character has been read. */
function after(tokens: readonly string[], at: number, character: string): readonly number[] {
	const expected = tokens[at];
	if (expected === '*') return character !== ':' || endsPart(tokens, at) ? [at] : [];
	const isMatch = expected === character || (expected === '?' && character !== ':');
	return isMatch ? [at + 1] : [];
}

const endsPart = (tokens: readonly string[], at: number): boolean => [':', undefined].includes(tokens[at + 1]);
