import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLines } from '../../../src/console/line-diff.ts';

const shown = (before: string, after: string): string =>
	diffLines(before, after)
		.map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`)
		.join('\n');

test('a diff shows what goes, what comes, and what stays around it', () => {
	assert.equal(shown('a\nb\nc\n', 'a\nx\nc\n'), ' a\n-b\n+x\n c');
	assert.equal(shown('a\n', 'a\n'), ' a');
	assert.equal(shown('', 'a\nb\n'), '+a\n+b');
	assert.equal(shown('weight: 90\nweight: 10\n', 'weight: 80\nweight: 10\n'), '-weight: 90\n+weight: 80\n weight: 10');
});

test('of any two texts the diff has both, in their order', () => {
	const lines = fc
		.array(fc.constantFrom('a', 'b', 'c', '', 'd: 1'), { maxLength: 30 })
		.map((all) => all.map((line) => `${line}\n`).join(''));
	fc.assert(
		fc.property(lines, lines, (before, after) => {
			const diff = diffLines(before, after);
			const without = (kind: string) =>
				diff
					.filter((line) => line.kind !== kind)
					.map(({ text }) => `${text}\n`)
					.join('');
			assert.equal(without('added'), before);
			assert.equal(without('removed'), after);
		}),
	);
});

test('texts of ten thousand lines that have nothing in common do not keep the browser waiting', () => {
	const text = (word: string) => Array.from({ length: 10_000 }, (_, at) => `${word} ${at}\n`).join('');
	const begun = performance.now();
	assert.equal(diffLines(text('a'), text('b')).length, 20_000);
	assert.ok(performance.now() - begun < 2_000);
});
