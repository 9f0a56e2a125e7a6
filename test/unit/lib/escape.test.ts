import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, failureText } from '../../../src/failure.ts';
import { escapeControls, oneLine, quote } from '../../../src/lib/escape.ts';
import { isPrintable } from '../../support/printable.ts';

const obeyed = ['\u0000', '\t', '\r', '\u0007', '\u001b[2J', '\u007f', '\u0085', '\u009b31m'];

test('untrusted text is quoted, shortened and free of control characters', () => {
	assert.equal(quote('a"b'), '"a\\"b"');
	assert.ok(quote('x'.repeat(10_000)).length < 100);
	for (const text of ['\n', ...obeyed]) assert.ok(isPrintable(quote(`a${text}b`)), JSON.stringify(text));
});

test('an error is two lines, message and remedy, whatever text they contain', () => {
	for (const text of obeyed) {
		const lines = failureText(new Failure('config', `Cannot ${text}`, `Do ${text}`)).split('\n');
		assert.equal(lines.length, 3);
		for (const line of lines) assert.ok(isPrintable(line), JSON.stringify(line));
	}
	assert.equal(failureText(new Failure('config', 'Cannot: why', 'Do that')), 'turnout: Cannot: why\nDo that\n');
});

test('what would turn the order of the letters around, or is not seen at all, is shown as what it is', () => {
	const unseen = ['\u202e', '\u2066', '\u2069', '\u200f', '\u061c', '\u2028', '\u200b', '\u2060', '\ufeff', '\u00ad'];
	for (const text of unseen) {
		const code = text.charCodeAt(0).toString(16).padStart(4, '0');
		assert.equal(escapeControls(`a${text}b`), `a\\u${code}b`);
		assert.equal(quote(`a${text}b`), `"a\\u${code}b"`);
	}
	for (const text of ['شبكة', 'रक्‍षा', '👩‍💻', 'می‌خواهم']) assert.equal(escapeControls(text), text);
});

test("another program's message becomes one line, in no time however long its gaps are", () => {
	assert.equal(oneLine('\n a\t\n \r\n b  c \n'), 'a; b  c');
	const startedMs = performance.now();
	assert.equal(oneLine(`a${' '.repeat(1_000_000)}b`).length, 1_000_002);
	// It took half an hour.
	assert.ok(performance.now() - startedMs < 10_000);
});
