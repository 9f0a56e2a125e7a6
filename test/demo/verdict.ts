// PURE. What the demo has shown, in plain words.
import type { Colours } from './colours.ts';
import type { Cells } from './table.ts';

/** Something that the demo says of itself, and whether it came true. */
export interface Claim {
	readonly isTrue: boolean;
	/** As it is said then; else what is wrong instead, further lines included. */
	readonly text: string;
}

export interface Verdict {
	readonly wrong: readonly string[];
	/** Parts of the host that are not as they were. */
	readonly changed: readonly string[];
	readonly cells: Cells;
	/** What was found on the way. */
	readonly claims: readonly Claim[];
}

export const verdictClaims = (verdict: Verdict): readonly Claim[] => [
	connections(verdict),
	...verdict.claims,
	host(verdict),
];

export const renderVerdict = (claims: readonly Claim[], { good, bad }: Colours): string =>
	`\n${claims.map(({ isTrue, text }) => `${isTrue ? good('✓') : bad('✗')} ${text}\n`).join('')}`;

function connections({ wrong, cells }: Verdict): Claim {
	const made = [...cells.values()].flatMap((row) => Object.values(row).flatMap(({ observed }) => observed)).length;
	const isTrue = wrong.length === 0;
	if (isTrue) return { isTrue, text: `${made} connections, and each was answered by whom it should be.` };
	const lines = [`Of ${made} connections these did not go as they should:`, ...wrong.map((text) => `  ${text}`)];
	return { isTrue, text: lines.join('\n') };
}

function host({ changed }: Verdict): Claim {
	const isTrue = changed.length === 0;
	if (isTrue) return { isTrue, text: 'The host is byte for byte what it was: rules, routes, links, kernel settings.' };
	return { isTrue, text: `The host is not what it was: ${changed.join(', ')}.` };
}

export function renderEnd(seconds: number, next: readonly (readonly [string, string])[], { bold }: Colours): string {
	const width = Math.max(...next.map(([command]) => command.length));
	const lines = next.map(([command, why]) => `  ${bold(command)}${' '.repeat(width - command.length)}    ${why}\n`);
	return `\nThe little world is gone again, after ${seconds.toFixed(1)} s. Next:\n\n${lines.join('')}`;
}
