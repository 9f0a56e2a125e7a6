// The README's tables of settings and commands, and that of the API's operations.

import { allDescribed } from '../../src/commands/find.ts';
import { allSettings } from '../../src/config/names.ts';
import { commonErrors, operations } from '../../src/control/operations.ts';

/** A longer one would push the table's last column off the page. */
const LONGEST_DEFAULT = 32;

export function renderSettings(): string {
	const rows = [...allSettings].map(([key, { variable, default: standard, doc }]) => {
		return [`\`${key}\``, `\`${variable}\``, shownDefault(standard), doc];
	});
	return renderTable([['setting', 'variable', 'default', 'meaning'], ...rows]);
}

function shownDefault(text: string): string {
	if (text === '') return 'none';
	return text.length > LONGEST_DEFAULT ? '[a list](systemd/turnout.yaml)' : `\`${text}\``;
}

export async function renderCommands(): Promise<string> {
	const rows = Object.entries(await allDescribed()).map(([name, { summary }]) => [`\`turnout ${name}\``, summary]);
	return renderTable([['command', 'does'], ...rows]);
}

export function renderOperations(): string {
	const all = `all: ${commonErrors.map(shortName).join(', ')}`;
	const rows = operations.map(({ name, method, path, query, errors }) => [
		name,
		`\`${method} ${path}${query.length === 0 ? '' : `?${query.join('&')}`}\``,
		errors.map(shortName).join(', '),
	]);
	return renderTable([['operation', 'request', `errors (${all})`], ...rows]);
}

const shortName = (error: string): string => error.replace('Exception', '');

function renderTable([head = [], ...rows]: readonly (readonly string[])[]): string {
	const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`);
	return `${lines.join('\n')}\n`;
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');
