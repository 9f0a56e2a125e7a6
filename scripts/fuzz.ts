import { fuzz, planJobs } from '../test/property/fuzz.ts';

const [runs = 300, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
if (![runs, seed].every((value) => Number.isInteger(value) && value >= 0)) {
	process.stderr.write('Usage: scripts/fuzz [RUNS [SEED]]\n');
	process.exit(64);
}

const startedMs = performance.now();
const jobs = planJobs(runs, seed);
const tried = jobs.map(() => 0);
const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const isTerminal = process.stdout.isTTY === true;

const outcomes = await Promise.allSettled(
	jobs.map((job, at) =>
		fuzz(job, (word) => {
			tried[at] = word.runs;
			if (isTerminal) process.stdout.write(`\r${sum(tried)} of ${runs} settings tried`);
		}),
	),
);

if (isTerminal) process.stdout.write('\n');
const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
const madeRoom = sum(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.madeRoom : 0)));
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.stdout.write(
	failures.length === 0
		? `${sum(tried)} settings applied, read back equal and cleaned to the same host (${madeRoom} of them made room for a foreign mark or table)`
		: `Failed; the same again: scripts/fuzz ${runs} ${seed}`,
);
process.stdout.write(` in ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
process.exit(failures.length === 0 ? 0 : 1);
