import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Given, textOf, usage, wholeNumber } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { changeLines } from '../../control/changed-parts.ts';
import type { HistoryEvent } from '../../control/history.ts';
import { createHistoryFile } from '../../host/files/history-file.ts';
import { lineOf, quote } from '../../lib/escape.ts';
import { isEtcd } from '../../values/etcd-address.ts';
import { readMeshSettings } from '../mesh/mesh-settings.ts';
import { openEtcdAt } from '../shared-etcd.ts';
import { definitionsOf } from './definitions-of.ts';
import { historyFileOf } from './history-place.ts';

const SHOWN = 50;
/** More than are kept there. */
const MOST_IN_ETCD = 10_000;

/** `turnout control history`: the newest change first, with what is another since then. */
export async function controlHistory(
	given: Given,
	[surplus]: readonly string[],
	{ out, isJson, signal }: CommandContext,
): Promise<number> {
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	const { path, latest, notes } = await openHistory(given, signal);
	const [resource, by] = [textOf(given, 'resource'), textOf(given, 'by')];
	const events = (await latest())
		.filter((event) => (resource === undefined || event.resource === resource) && (by === undefined || event.by === by))
		.slice(0, wholeNumber(given, 'limit', { least: 1 }) ?? SHOWN);
	if (isJson) out(`${JSON.stringify({ file: path, events })}\n`);
	else out([...notes, ...(events.length === 0 ? [`${path} has no such change\n`] : events.map(eventText))].join(''));
	return 0;
}

interface OpenHistory {
	/** Where it is. */
	readonly path: string;
	/** All of it. */
	readonly latest: () => Promise<readonly HistoryEvent[]>;
	/** What is wrong with it, once it was read. */
	readonly notes: readonly string[];
}

/** A file, or the etcd that has the definitions. */
async function openHistory(given: Given, signal: AbortSignal): Promise<OpenHistory> {
	if (given['history'] !== undefined) return openFile(historyFileOf(given, '', process.env));
	const { mesh } = (await readMeshSettings(given)).config;
	const place = definitionsOf(given, mesh.definitions);
	if (!isEtcd(place)) {
		const root = existsSync(place) ? realpathSync(place) : resolve(place);
		return openFile(historyFileOf(given, root, process.env));
	}
	const ended = new AbortController();
	const { session, historyInEtcd } = await openEtcdAt(
		place,
		mesh,
		// Nobody is waited for who is away.
		() => ended.abort(),
		AbortSignal.any([signal, ended.signal]),
	);
	const latest = () => historyInEtcd(session).latest(MOST_IN_ETCD);
	return { path: place, latest: () => latest().finally(() => ended.abort()), notes: [] };
}

function openFile(path: string): OpenHistory {
	const notes: string[] = [];
	const onUnreadable = (file: string, lines: number) =>
		notes.push(`note: ${file} has ${lines === 1 ? 'a line' : `${lines} lines`} that cannot be read\n`);
	const latest = async () =>
		existsSync(path) ? createHistoryFile(path, { onUnreadable }).latest(Number.POSITIVE_INFINITY) : [];
	return { path, latest, notes };
}

function eventText(event: HistoryEvent): string {
	const { at, by, operation, resource, version } = event;
	const lines = [
		`${at}  ${by}  ${operation}  ${resource}${version === undefined ? '' : `  version ${version}`}`,
		...changeLines(event).map((line) => `  ${line}`),
	];
	return lines.map(lineOf).join('');
}
