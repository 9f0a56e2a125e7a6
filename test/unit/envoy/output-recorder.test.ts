import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createOutputRecorder, exitWithLastLine } from '../../../src/envoy/output-recorder.ts';

describe('what Envoy printed last', () => {
	const critical = '[2026-11-23][1][critical][main] cannot bind';
	const error = '[2026-11-23][1][error][config] no such cluster';
	const info = '[2026-11-23][1][info][main] exiting';
	const cases: readonly (readonly [title: string, lines: readonly string[], kept: string])[] = [
		['is nothing before its first line', [], ''],
		['is its last line', ['one', 'two'], 'two'],
		['is not an empty line', ['one', '', '  '], 'one'],
		['is an error rather than what is logged after it', [error, info, 'bye'], error],
		['is the last of several errors', [error, info, critical, info], critical],
		['is an error rather than what was logged before it', [info, error], error],
	];
	for (const [title, lines, kept] of cases)
		test(title, () => {
			const forwarded: string[] = [];
			const recorder = createOutputRecorder((line) => void forwarded.push(line));
			for (const line of lines) recorder.onOutput(line);
			assert.equal(recorder.lastLine(), kept);
			assert.deepEqual(forwarded, lines, 'every line is forwarded');
		});

	test('stands beside how it ended, where there is any', () => {
		assert.equal(exitWithLastLine('ended with code 1', 'bye'), 'Envoy ended with code 1; its last line: bye');
		assert.equal(exitWithLastLine('ended with code 1', ''), 'Envoy ended with code 1');
	});
});
