import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { LONGEST_LINE, readLines } from '../../../src/lib/read-lines.ts';

async function linesOf(...parts: readonly (string | Buffer)[]): Promise<string[]> {
	const input = new PassThrough();
	const lines: string[] = [];
	const read = readLines(input, (line) => lines.push(line));
	for (const part of parts) input.write(part);
	input.end();
	await read;
	return lines;
}

test('lines are reported whole however the input is split, also a last one without a line feed', async () => {
	assert.deepEqual(await linesOf('one\ntw', 'o\r\n\nthree'), ['one', 'two', '', 'three']);
	const bytes = Buffer.from('grün\n');
	assert.deepEqual(await linesOf(bytes.subarray(0, 3), bytes.subarray(3)), ['grün']);
	assert.deepEqual(await linesOf(), []);
});

test('a line without end is truncated, and the next line is reported', async () => {
	const lines = await linesOf(...Array<string>(1_000).fill('x'.repeat(10_000)), '\nnext\n');
	assert.deepEqual(lines, [`${'x'.repeat(LONGEST_LINE)}…`, 'next']);
	assert.deepEqual(await linesOf('y'.repeat(LONGEST_LINE), '\n'), ['y'.repeat(LONGEST_LINE)]);
});
