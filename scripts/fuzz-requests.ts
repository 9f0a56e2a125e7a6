import { fuzzRequests } from '../test/property/fuzz-requests.ts';

const [runs = 100_000, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
if (![runs, seed].every((value) => Number.isInteger(value) && value >= 0)) {
	process.stderr.write('Usage: scripts/fuzz --requests [RUNS [SEED]]\n');
	process.exit(64);
}

const startedMs = performance.now();
const isTerminal = process.stdout.isTTY === true;
/** What is held of signatures that were used is full by then; code that is compiled later also counts. */
const MOST_GROWN_BYTES = 8 * 1024 * 1024;

try {
	const { counts, grownBytes = 0 } = await fuzzRequests(runs, seed, (tried) => {
		if (isTerminal) process.stdout.write(`\r${tried} of ${runs} requests tried`);
	});
	const seconds = Math.round((performance.now() - startedMs) / 1000);
	const megabytes = (grownBytes / 1024 / 1024).toFixed(1);
	process.stdout.write(
		`${isTerminal ? '\n' : ''}${runs} times any request, a sound one and one that was changed, in ${seconds} s\n`,
	);
	for (const [outcome, count] of Object.entries(counts).sort()) process.stdout.write(`${outcome}: ${count}\n`);
	process.stdout.write(`The second half has added ${megabytes} MB to the heap\n`);
	if (grownBytes > MOST_GROWN_BYTES) throw new Error('Memory grows');
} catch (error) {
	process.stdout.write(`${isTerminal ? '\n' : ''}${error instanceof Error ? error.message : String(error)}\n`);
	process.stdout.write(`Failed; the same again: scripts/fuzz --requests ${runs} ${seed}\n`);
	process.exitCode = 1;
}
