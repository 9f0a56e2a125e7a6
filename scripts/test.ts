// Runs the test files; --full: the long ones too. Ends with the summary of node's test runner.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** On two processors: most files of test/host wait for half of their time, for Docker, Envoy, or a deadline. */
const AT_ONCE = 6;
const root = join(import.meta.dirname, '..');
const isLong = (file: string): boolean => file.endsWith('.long.test.ts');
const isUnit = (file: string): boolean => file.startsWith('test/unit/');
const all = globSync('test/**/*.test.ts', { cwd: root })
	.filter((file) => process.argv.includes('--full') || !isLong(file))
	.sort();

/**
 * The files of a folder are alike. Spread over the whole run, those that wait leave the processors to those that compute;
 * one after the other, all would wait at once.
 */
function spread(files: readonly string[]): string[] {
	const folders = [...Map.groupBy(files, dirname).values()];
	const placed = folders.flatMap((alike) => alike.map((file, at) => ({ file, place: (at + 0.5) / alike.length })));
	return placed.sort((a, b) => a.place - b.place).map(({ file }) => file);
}

const files = ['test/unit/every.ts', ...spread(all.filter((file) => !isUnit(file)))];
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
const options = { cwd: root, concurrency: AT_ONCE, signal: interrupted.signal };
run({ ...options, files: files.map((file) => join(root, file)) })
	.on('test:summary', ({ success }) => {
		if (!success) process.exitCode = 1;
	})
	.compose(new spec())
	.pipe(process.stdout);
