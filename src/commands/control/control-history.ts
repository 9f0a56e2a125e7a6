import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Given, textOf, usage, wholeNumber } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { changeLines } from '../../control/changed-parts.ts';
import type { HistoryEvent } from '../../control/history.ts';
import { createHistoryFile } from '../../host/files/history-file.ts';
import { lineOf, quote } from '../../lib/escape.ts';
import { readMeshSettings } from '../mesh/mesh-settings.ts';
import { definitionsOf } from './definitions-of.ts';
import { historyFileOf } from './history-place.ts';

const SHOWN = 50;

/** `turnout control history`: the newest change first, with what is another since then. */
export async function controlHistory(
	given: Given,
	[surplus]: readonly string[],
	{ out, isJson }: CommandContext,
): Promise<number> {
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	const path = historyFileOf(given, await rootOf(given), process.env);
	const notes: string[] = [];
	const onUnreadable = (file: string, lines: number) =>
		notes.push(`note: ${file} has ${lines === 1 ? 'a line' : `${lines} lines`} that cannot be read\n`);
	const [resource, by] = [textOf(given, 'resource'), textOf(given, 'by')];
	const all = existsSync(path) ? await createHistoryFile(path, { onUnreadable }).latest(Number.POSITIVE_INFINITY) : [];
	const events = all
		.filter((event) => (resource === undefined || event.resource === resource) && (by === undefined || event.by === by))
		.slice(0, wholeNumber(given, 'limit', { least: 1 }) ?? SHOWN);
	if (isJson) out(`${JSON.stringify({ file: path, events })}\n`);
	else out([...notes, ...(events.length === 0 ? [`${path} has no such change\n`] : events.map(eventText))].join(''));
	return 0;
}

/** Whose history it is matters only where nothing else names it. */
async function rootOf(given: Given): Promise<string> {
	if (given['history'] !== undefined) return '';
	const path = definitionsOf(given, (await readMeshSettings(given)).config.mesh.definitions);
	return existsSync(path) ? realpathSync(path) : resolve(path);
}

function eventText(event: HistoryEvent): string {
	const { at, by, operation, resource, version } = event;
	const lines = [
		`${at}  ${by}  ${operation}  ${resource}${version === undefined ? '' : `  version ${version}`}`,
		...changeLines(event).map((line) => `  ${line}`),
	];
	return lines.map(lineOf).join('');
}
