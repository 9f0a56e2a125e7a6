import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readWords } from '../../../src/route-manager/bash-read.ts';
import { createScratch } from '../../lab/net/scratch.ts';

const cases: readonly (readonly [title: string, input: string, words: readonly string[]])[] = [
	['one word a line', 'enable\nquit\n', ['enable', 'quit']],
	['blanks at both ends are trimmed, blanks between words are kept', ' \tenable  now\t \n', ['enable  now']],
	['an empty line is an empty word', '\n \n', ['', '']],
	['a backslash escapes the next character', '\\ quit\\ \n', [' quit ']],
	['a backslash joins two lines', 'ena\\\nble\n', ['enable']],
	['two backslashes become one', 'a\\\\b\n', ['a\\b']],
	['a last line without a line feed is ignored', 'enable\nquit', ['enable']],
	['NUL is dropped', 'en\0able\n\0\n', ['enable', '']],
	['a carriage return is a letter', 'quit\r\n', ['quit\r']],
];

for (const [title, input, expected] of cases)
	test(`${title}, however the input is split`, async () => {
		assert.deepEqual(await wordsOf([input]), expected);
		assert.deepEqual(await wordsOf([...input]), expected);
		assert.deepEqual(await wordsOf([Buffer.from(input)]), expected);
	});

test('a long line is one word, parsed in linear time', { timeout: 5_000 }, async () => {
	const line = 'x'.repeat(1 << 16);
	assert.deepEqual(await wordsOf([line, '\n', 'quit\n']), [line, 'quit']);
});

/** Bash versions differ on blanks in the middle of a line; such a line is not a command anyway. */
const obeyed = (word: string): string => (['quit', 'status', 'enable', 'disable'].includes(word) ? word : '?');

test('any input is read as bash reads it', async () => {
	using scratch = createScratch('words');
	const piece = fc.constantFrom(
		'quit',
		'status',
		'dis',
		'able',
		' ',
		'\t',
		'\\',
		'\\',
		'\n',
		'\n',
		'\\\n',
		'\r',
		'#',
		'"',
		'*',
	);
	// Bash versions differ on an escaped blank; the recorded cases are what we do.
	const input = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
	const inputs = fc.sample(
		input.filter((text) => !/\\[ \t]/.test(text)),
		200,
	);
	const files = inputs.map((input, at) => {
		const file = join(scratch.path, String(at));
		writeFileSync(file, input);
		return file;
	});
	const script = 'for file; do while read word; do printf "%s\\0" "$word"; done < "$file"; printf "end\\0"; done';
	const printed = execFileSync('bash', ['-c', script, 'bash', ...files], { encoding: 'utf8' });
	const expected = printed.split('end\0').map((words) => words.split('\0').slice(0, -1).map(obeyed));
	for (const [at, input] of inputs.entries())
		assert.deepEqual((await wordsOf([input])).map(obeyed), expected[at], JSON.stringify(input));
});

async function wordsOf(parts: readonly (string | Buffer)[]): Promise<string[]> {
	const words: string[] = [];
	for await (const word of readWords(streamOf(parts))) words.push(word);
	return words;
}

async function* streamOf(parts: readonly (string | Buffer)[]): AsyncGenerator<string | Buffer> {
	yield* parts;
}
