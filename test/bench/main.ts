// Acts on import: what `scripts/bench` runs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { runBench } from './bench.ts';
import { type BenchArguments, help, parseBenchArguments } from './options.ts';
import { renderTable } from './table.ts';

const usualFile = join(import.meta.dirname, '../../.cache/bench.json');

async function bench({ json, isHelp, ...options }: BenchArguments): Promise<void> {
	if (isHelp) return void process.stdout.write(help);
	const file = json === '' ? usualFile : json;
	mkdirSync(dirname(file), { recursive: true });
	const report = await runBench(options, (text) => process.stderr.write(`bench: ${text}\n`));
	writeFileSync(file, `${JSON.stringify(report, undefined, '\t')}\n`);
	const { processors, kernel, iptables, node } = report.machine;
	process.stdout.write(`\n${renderTable(report.figures)}\n`);
	process.stdout.write(`${processors} processors, Linux ${kernel}, ${iptables}, Node ${node}; ${report.seconds} s\n`);
	process.stdout.write(`The same as JSON: ${relative('.', file)}\n`);
}

function parse(): BenchArguments {
	try {
		return parseBenchArguments(process.argv.slice(2));
	} catch (error) {
		process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n${help}`);
		return process.exit(64);
	}
}

await bench(parse());
