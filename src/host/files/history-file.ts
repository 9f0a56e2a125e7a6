import {
	closeSync,
	constants,
	existsSync,
	fstatSync,
	fsyncSync,
	ftruncateSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { History, HistoryEvent } from '../../control/history.ts';
import { Failure } from '../../failure.ts';
import { sync } from '../../lib/atomic-write.ts';
import { describeFsError, ensureDirectory } from '../../lib/fs.ts';
import { createMutex } from '../../lib/mutex.ts';
import { parsedJson } from '../../lib/parsed-json.ts';

/** With the former file twice as much: some ten thousand changes. */
const LARGEST_BYTES = 16 * 1024 * 1024;

interface HistoryOptions {
	/** Lines that are no events, such as one that was cut off when the machine went down. */
	readonly onUnreadable: (path: string, lines: number) => void;
	readonly largestBytes?: number;
}

/** A line of JSON for each event, the newest last; when it is full, it takes the place of the former file. */
export function createHistoryFile(
	path: string,
	{ onUnreadable, largestBytes = LARGEST_BYTES }: HistoryOptions,
): History {
	const inTurn = createMutex();
	return {
		add: (event) =>
			inTurn(() => toldLater('write', path, () => append(path, `${JSON.stringify(event)}\n`, largestBytes))),
		latest: (limit) =>
			toldLater('read', path, async () => {
				const events: HistoryEvent[] = [];
				for (const file of [path, formerOf(path)]) {
					if (events.length >= limit || !existsSync(file)) continue;
					events.push(...readEvents(file, onUnreadable).toReversed());
				}
				return events.slice(0, limit);
			}),
	};
}

/** Throws a Failure where no change could be recorded. */
export const prepareHistoryFile = (path: string): Promise<void> =>
	toldLater('write', path, async () => {
		ensureDirectory(dirname(path), 0o700);
		closeSync(openOwn(path, constants.O_RDWR | constants.O_CREAT));
		await sync(dirname(path));
	});

const formerOf = (path: string): string => `${path}.1`;

/** It is on the disk when this resolves, or the file is as it was. */
async function append(path: string, line: string, largestBytes: number): Promise<void> {
	ensureDirectory(dirname(path), 0o700);
	const isNew = !existsSync(path);
	const file = openOwn(path, constants.O_RDWR | constants.O_CREAT);
	try {
		const { size } = fstatSync(file);
		if (size > 0 && size + line.length > largestBytes) {
			renameSync(path, formerOf(path));
			return await append(path, line, largestBytes);
		}
		writeAt(file, `${isCut(file, size) ? '\n' : ''}${line}`, size);
	} finally {
		closeSync(file);
	}
	if (isNew) await sync(dirname(path));
}

/** Not through a link, and never others' to read. A pipe that nobody reads would be waited for. */
function openOwn(path: string, flags: number): number {
	const file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
	if (fstatSync(file).isFile()) return file;
	closeSync(file);
	throw new Error('it is not a regular file');
}

/** Its last line has no end. */
function isCut(file: number, size: number): boolean {
	const last = Buffer.alloc(1);
	return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

function writeAt(file: number, text: string, size: number): void {
	const bytes = Buffer.from(text);
	try {
		for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, size + done);
		fsyncSync(file);
	} catch (error) {
		ftruncateSync(file, size);
		throw error;
	}
}

function readEvents(path: string, onUnreadable: HistoryOptions['onUnreadable']): HistoryEvent[] {
	const file = openOwn(path, constants.O_RDONLY);
	try {
		const lines = readFileSync(file, 'utf8')
			.split('\n')
			.filter((line) => line !== '');
		const events = lines.map(parsedJson).filter(isEvent);
		if (events.length < lines.length) onUnreadable(path, lines.length - events.length);
		return events;
	} finally {
		closeSync(file);
	}
}

const isEvent = (value: unknown): value is HistoryEvent =>
	typeof value === 'object' &&
	value !== null &&
	['at', 'by', 'operation', 'resource'].every((key) => typeof (value as Record<string, unknown>)[key] === 'string');

async function toldLater<T>(verb: string, path: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (cause) {
		throw new Failure(
			'state',
			`Cannot ${verb} the history ${path}: ${describeFsError(cause)}`,
			'Free some space, give the user that turnout control runs as the right to it, or name another place: --history FILE',
			cause,
		);
	}
}
