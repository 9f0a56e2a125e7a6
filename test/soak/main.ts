// Acts on import: what `scripts/soak` runs.
import { type SoakReport, soak } from './soak.ts';

const USUAL_SECONDS = 600;

function secondsOf(text: string | undefined): number {
	if (text === undefined) return USUAL_SECONDS;
	if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
	process.stderr.write('Usage: scripts/soak [SECONDS]\n');
	return process.exit(64);
}

const median = (values: readonly number[]): number =>
	values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function summary({ seconds, changes, calm, faults, memory, files }: SoakReport): string {
	const sum = (of: (fault: SoakReport['faults'][number]) => number) =>
		faults.reduce((total, fault) => total + of(fault), 0);
	const repairs = faults.flatMap(({ ms }) => ms ?? []);
	const third = Math.ceil(memory.length / 3);
	const parts = (values: readonly number[]) =>
		[values.slice(0, third), values.slice(-third)].map((part) => Math.round(median(part))).join(' → ');
	return [
		`${seconds} s, ${changes} changes, ${faults.length} faults, 8 clients`,
		`between the faults:   ${calm.captured} connections captured, ${calm.bypassed} past Envoy, ${calm.failed} failed`,
		`in the faults' time:  ${sum(({ captured }) => captured)} captured, ${sum(({ bypassed }) => bypassed)} past Envoy, ${sum(({ failed }) => failed)} failed`,
		`repairs:              ${median(repairs)} ms in the median, ${Math.max(...repairs)} ms at most`,
		`the daemon's memory:  ${parts(memory)} MB (medians of the first and the last third)`,
		`its open files:       ${parts(files)}`,
		'',
	].join('\n');
}

const report = await soak(secondsOf(process.argv[2]), (text) => process.stderr.write(`soak: ${text}\n`));
process.stdout.write(summary(report));
process.exitCode = report.calm.bypassed + report.calm.failed === 0 ? 0 : 1;
