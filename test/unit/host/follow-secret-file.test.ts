import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure, failureOf } from '../../../src/failure.ts';
import { followSecretFile } from '../../../src/host/files/follow-secret-file.ts';
import { createScratch } from '../../lab/net/scratch.ts';

test('a secret file is read again when it has changed; what is wrong is told once, and the former stays unless it was taken away', () => {
	using scratch = createScratch('follow-secret');
	const path = join(scratch.path, 'keys.json');
	const write = (text: string, mode = 0o600) => {
		writeFileSync(`${path}.new`, text, { mode });
		renameSync(`${path}.new`, path);
	};
	const problems: string[] = [];
	const parse = (text: string) => {
		if (text === 'broken') throw new Failure('config', 'Cannot take it', 'Mend it');
		return text;
	};
	write('first');
	const onProblem = (problem: unknown, isGone: boolean) =>
		void problems.push(`${isGone ? 'gone' : 'wrong'}: ${failureOf(problem).message}`);
	const read = followSecretFile(path, { parse, none: 'nothing', onProblem });
	assert.equal(read(), 'first');
	write('second');
	assert.equal(read(), 'second');
	write('broken');
	assert.equal(read(), 'second');
	assert.equal(read(), 'second');
	chmodSync(path, 0o644);
	assert.equal(read(), 'second');
	rmSync(path);
	assert.equal(read(), 'nothing');
	assert.equal(read(), 'nothing');
	write('third');
	assert.equal(read(), 'third');
	assert.equal(problems.length, 3, problems.join('\n'));
	assert.match(problems.join('\n'), /wrong: Cannot take it\nwrong: .*its mode is 644.*\ngone: .*no such file/);
});

test('a secret file that cannot be read at the beginning is refused', () => {
	assert.throws(
		() => followSecretFile('/nonexistent/keys', { parse: String, none: '', onProblem: assert.fail }),
		/no such file/,
	);
});
