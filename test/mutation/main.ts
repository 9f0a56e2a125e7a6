import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { createScratch } from '../lab/net/scratch.ts';
import { root } from '../support/pages.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

/** All unit tests, on a busy machine. */
const LONGEST_MS = 600_000;

const [most = '100', ...patterns] = process.argv.slice(2);
if (!/^\d+$/.test(most) || patterns.length === 0) {
	process.stderr.write('Usage: scripts/mutate MOST FILE...   for example: scripts/mutate 100 "src/daemon/*.ts"\n');
	process.exit(64);
}

using scratch = createScratch('mutation');
for (const part of ['src', 'test', 'docs', 'examples', 'monitoring', 'README.md', 'package.json'])
	cpSync(join(root, part), join(scratch.path, part), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(scratch.path, 'node_modules'));

const tests = globSync('test/unit/**/*.test.ts', { cwd: root });
const all = globSync(patterns, { cwd: root }).flatMap((file) => {
	const source = readFileSync(join(root, file), 'utf8');
	return mutantsOf(source).map((mutant) => ({ file, source, mutant }));
});
const step = Math.max(1, all.length / Number(most));
const chosen = Array.from({ length: Math.min(all.length, Number(most)) }, (_, at) => all[Math.floor(at * step)]);

const testsOf = new Map<string, Reaching>();
const startedMs = performance.now();
if (!pass(tests, LONGEST_MS)) {
	process.stderr.write('The unit tests fail as they are; see npm run check\n');
	process.exit(1);
}
/** A mutant that makes the tests hang is noticed too. */
const patienceMs = Math.ceil(performance.now() - startedMs);
let killed = 0;
for (const one of chosen) {
	if (one === undefined) continue;
	if (isKilled(one.file, one.source, one.mutant)) killed += 1;
	else process.stdout.write(`survived: ${one.file}:${lineOf(one.source, one.mutant.from)}: ${one.mutant.what}\n`);
}
const share = Math.round((100 * killed) / Math.max(1, chosen.length));
process.stdout.write(
	`${killed} of ${chosen.length} mutants killed by unit tests alone, ${share} % (of ${all.length} that there are)\n`,
);

function isKilled(file: string, source: string, { from, to, text }: Mutant): boolean {
	const path = join(scratch.path, file);
	writeFileSync(path, source.slice(0, from) + text + source.slice(to));
	const { direct, indirect } = testsOf.get(file) ?? reaching(file);
	testsOf.set(file, { direct, indirect });
	const isSurviving = pass(direct, patienceMs) && pass(indirect, patienceMs);
	writeFileSync(path, source);
	return !isSurviving;
}

/** Tests of a file: those that import it come first, as they are few and notice most. */
interface Reaching {
	readonly direct: readonly string[];
	readonly indirect: readonly string[];
}

function reaching(file: string): Reaching {
	const direct = tests.filter((test) => importsOf(test).includes(file));
	const indirect = tests.filter((test) => !direct.includes(test) && reaches(test, file, new Set()));
	return { direct, indirect };
}

/** Also where there are none. */
function pass(files: readonly string[], timeout: number): boolean {
	if (files.length === 0) return true;
	const args = ['--test', '--test-isolation=none', '--test-reporter=dot', '--test-timeout=20000', '--test-force-exit'];
	const { status } = spawnSync(process.execPath, [...args, ...files], {
		cwd: scratch.path,
		stdio: 'ignore',
		timeout,
		killSignal: 'SIGKILL',
	});
	return status === 0;
}

/** Whether a file imports another, by whatever way. */
function reaches(from: string, file: string, seen: Set<string>): boolean {
	if (from === file) return true;
	seen.add(from);
	return importsOf(from).some((next) => !seen.has(next) && reaches(next, file, seen));
}

function importsOf(from: string): string[] {
	const text = readFileSync(join(root, from), 'utf8');
	return [...text.matchAll(/\bfrom '(\.[^']+\.ts)'/g)].map(([, name = '']) => normalize(join(dirname(from), name)));
}

function lineOf(source: string, at: number): number {
	return source.slice(0, at).split('\n').length;
}
