// PURE. What the demo has shown, in plain words, and what to try next.
import type { Colours } from './colours.ts';
import { type Phase, rows } from './connections.ts';
import { mistakesIn } from './observe.ts';
import type { Cells } from './table.ts';

/** Something that the demo says of itself, and whether it came true. */
export interface Claim {
	readonly isTrue: boolean;
	readonly text: string;
}

export const claim = (isTrue: boolean, text: string, otherwise: string): Claim => ({
	...{ isTrue, text: isTrue ? text : otherwise },
});

export function connectionsClaim(phases: readonly Phase[], cells: Cells): Claim {
	const all = rows.flatMap((row) =>
		phases.flatMap((phase) => {
			const cell = cells.get(row)?.[phase];
			return cell === undefined ? [] : [{ made: cell.observed.length, wrong: mistakesIn(row, phase, cell) }];
		}),
	);
	const made = all.reduce((sum, cell) => sum + cell.made, 0);
	const wrong = all.flatMap((cell) => cell.wrong).map((text) => `\n  ${text}`);
	return claim(
		wrong.length === 0,
		`${made} connections, and each was answered by whom it should be.`,
		`Of ${made} connections these did not go as they should:${wrong.join('')}`,
	);
}

export const hostClaim = (changed: readonly string[]): Claim =>
	claim(
		changed.length === 0,
		'The host is byte for byte what it was: rules, routes, links, kernel settings.',
		`The host is not what it was: ${changed.join(', ')}.`,
	);

export const renderClaims = (claims: readonly Claim[], { good, bad }: Colours): string =>
	`\n${claims.map(({ isTrue, text }) => `${isTrue ? good('✓') : bad('✗')} ${text}\n`).join('')}`;

export function renderEnd(seconds: number, isDocker: boolean, { bold }: Colours): string {
	const next = [
		[`scripts/demo ${isDocker ? '--docker ' : ''}--keep`, "the same, then you at turnout's prompt"],
		isDocker
			? ['scripts/demo', 'Envoy as a process']
			: ['scripts/demo --docker', 'Envoy in Docker: pulled, and replaced under load'],
		['dist/turnout --help', 'all commands; README.md leads through a real host'],
	];
	const lines = next.map(([what = '', why = '']) => `  ${bold(what)}${' '.repeat(29 - what.length)}${why}\n`);
	return `\nThe little world is gone again, after ${seconds.toFixed(1)} s. Next:\n\n${lines.join('')}`;
}
