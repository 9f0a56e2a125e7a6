// The file of changes: what a machine that goes down, a full disk and its own size do to it.
import assert from 'node:assert/strict';
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HistoryEvent } from '../../src/control/history.ts';
import { createHistoryFile, prepareHistoryFile } from '../../src/host/files/history-file.ts';
import { createScratch } from '../lab/net/scratch.ts';

const event = (version: number): HistoryEvent => ({
	...{ at: '2026-11-30T08:00:00.000Z', by: 'alice', operation: 'UpdateMesh', resource: 'arn:mesh/m', version },
	...{ before: { spec: {} }, after: { spec: { text: 'x'.repeat(100) } } },
});

async function withFile(act: (path: string, told: string[]) => Promise<void>) {
	using scratch = createScratch('history-file');
	await act(join(scratch.path, 'history.jsonl'), []);
}

const open = (path: string, told: string[] = [], largestBytes?: number) =>
	createHistoryFile(path, {
		onUnreadable: (file, lines) => told.push(`${file.endsWith('.1') ? 'former' : 'file'} ${lines}`),
		...(largestBytes === undefined ? {} : { largestBytes }),
	});

const versionsOf = async (history: ReturnType<typeof open>) =>
	(await history.latest(100)).map(({ version }) => version);

test('nobody else may read it', () =>
	withFile(async (path) => {
		await open(path).add(event(1));
		assert.equal(statSync(path).mode & 0o777, 0o600);
	}));

test('a line that was cut off is told, and spoils none that comes after it', () =>
	withFile(async (path, told) => {
		await open(path).add(event(1));
		await open(path).add(event(2));
		truncateSync(path, statSync(path).size - 20);
		const history = open(path, told);
		await history.add(event(3));
		assert.deepEqual(await versionsOf(history), [3, 1]);
		assert.deepEqual(told, ['file 1']);
	}));

test('what somebody else has put into it is told, and no event', () =>
	withFile(async (path, told) => {
		await open(path).add(event(1));
		appendFileSync(path, 'null\n[]\n{"at": 5}\n\u0000\u0000\n');
		assert.deepEqual(await versionsOf(open(path, told)), [1]);
		assert.deepEqual(told, ['file 4']);
	}));

test('when it is full it takes the place of the former file, so that the disk does not fill', () =>
	withFile(async (path) => {
		const history = open(path, [], 1_000);
		for (let version = 1; version <= 20; version += 1) await history.add(event(version));
		const versions = await versionsOf(history);
		assert.deepEqual(
			versions,
			Array.from({ length: versions.length }, (_, at) => 20 - at),
		);
		assert.ok(versions.length >= 5 && versions.length < 10, `${versions.length} are kept`);
		for (const file of [path, `${path}.1`]) assert.ok(statSync(file).size <= 1_000);
		assert.ok(!existsSync(`${path}.2`));
	}));

test('one that is larger than the file may be is kept all the same', () =>
	withFile(async (path) => {
		const history = open(path, [], 10);
		await history.add(event(1));
		await history.add(event(2));
		assert.deepEqual(await versionsOf(history), [2, 1]);
	}));

test('whoever removes it begins a new one', () =>
	withFile(async (path) => {
		const history = open(path);
		await history.add(event(1));
		writeFileSync(path, '');
		await history.add(event(2));
		assert.deepEqual(await versionsOf(history), [2]);
		assert.equal(readFileSync(path, 'utf8').split('\n').length, 2);
	}));

test('a place where nothing can be recorded is refused with what to do', () =>
	withFile(async (path) => {
		mkdirSync(path);
		await assert.rejects(prepareHistoryFile(path), {
			message: /Cannot write the history .*: it is a directory/,
			remedy: /--history FILE/,
		});
		symlinkSync('/etc/passwd', `${path}-link`);
		await assert.rejects(prepareHistoryFile(`${path}-link`), /Cannot write the history/);
	}));
