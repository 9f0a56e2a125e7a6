// PURE. What the demo has shown, in plain words.
import type { Colours } from './colours.ts';
import { phases } from './rows.ts';
import type { Cells } from './table.ts';

export interface Verdict {
	readonly wrong: readonly string[];
	/** Parts of the host that are not as they were. */
	readonly changed: readonly string[];
	readonly cells: Cells;
}

export function renderVerdict(verdict: Verdict, colours: Colours): string {
	const lines = [connections(verdict, colours), host(verdict, colours)];
	return `\n${lines.join('\n')}\n`;
}

function connections({ wrong, cells }: Verdict, { good, bad }: Colours): string {
	const made = [...cells.values()].flatMap((row) => phases.flatMap((phase) => row[phase]?.observed ?? [])).length;
	if (wrong.length === 0) return `${good('✓')} ${made} connections, and each was answered by whom it should be.`;
	return [
		`${bad('✗')} Of ${made} connections these did not go as they should:`,
		...wrong.map((text) => `  ${text}`),
	].join('\n');
}

function host({ changed }: Verdict, { good, bad }: Colours): string {
	if (changed.length > 0) return `${bad('✗')} The host is not what it was: ${changed.join(', ')}.`;
	return `${good('✓')} The host is byte for byte what it was: rules, routes, links, kernel settings.`;
}

export const renderEnd = (seconds: number, { bold }: Colours): string => `
The little world is gone again, after ${seconds.toFixed(1)} s. Next:

  ${bold('scripts/demo --keep')}    the same, then you at turnout's prompt on the host
  ${bold('dist/turnout --help')}    all commands; README.md leads through a real host
`;
