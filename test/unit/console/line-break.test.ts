import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineBreakAt } from '../../../src/console/line-break.ts';

test('a new line begins below the one before it, and further in where something is to come', () => {
	for (const [text, wanted] of [
		['', ''],
		['a: 1', ''],
		['spec:', '  '],
		['  - portMapping:', '    '],
		['a:\n    b: 1', '    '],
		['{', '  '],
		['  "listeners": [ ', '    '],
		['    ', '    '],
	] as const)
		assert.equal(lineBreakAt(text, text.length), `\n${wanted}`, text);
	assert.equal(lineBreakAt('ab: c\nd:', 3), '\n  ', 'of what stands before it');
	assert.equal(lineBreakAt('  x: 1', 0), '\n', 'before a line nothing is added');
});
