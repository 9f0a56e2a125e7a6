import { fuzzMeshes } from '../test/property/fuzz-meshes.ts';

const [runs = 300, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
if (![runs, seed].every((value) => Number.isInteger(value) && value >= 0)) {
	process.stderr.write('Usage: scripts/fuzz --mesh [RUNS [SEED]]\n');
	process.exit(64);
}

const startedMs = performance.now();
const isTerminal = process.stdout.isTTY === true;
const secondsTaken = (): number => Math.round((performance.now() - startedMs) / 1000);

try {
	const proxies = await fuzzMeshes(runs, seed, (meshes) => {
		if (isTerminal) process.stdout.write(`\r${meshes} of ${runs} meshes tried`);
	});
	const what = `${runs} meshes without a mistake, and Envoy takes all their ${proxies} nodes and gateways`;
	process.stdout.write(`${isTerminal ? '\n' : ''}${what} in ${secondsTaken()} s\n`);
} catch (error) {
	process.stdout.write(`${isTerminal ? '\n' : ''}${error instanceof Error ? error.message : String(error)}\n`);
	const reason = error instanceof Error && error.cause instanceof Error ? `${error.cause.message}\n` : '';
	process.stdout.write(`${reason}Failed; the same again: scripts/fuzz --mesh ${runs} ${seed} (${secondsTaken()} s)\n`);
	process.exitCode = 1;
}
