// Acts on import: what `scripts/soak` runs.
import { type MeshSoakReport, soakMesh } from './mesh.ts';
import { type SoakReport, soak } from './soak.ts';

const USUAL_SECONDS = 600;

function secondsOf(text: string | undefined): number {
	if (text === undefined) return USUAL_SECONDS;
	if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
	process.stderr.write('Usage: scripts/soak [--mesh] [SECONDS]\n');
	return process.exit(64);
}

const median = (values: readonly number[]): number =>
	values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Medians of the first and the last third. */
function course(values: readonly number[]): string {
	const third = Math.ceil(values.length / 3);
	return [values.slice(0, third), values.slice(-third)].map((part) => Math.round(median(part))).join(' → ');
}

const courses = ({ memory, files }: Pick<SoakReport, 'memory' | 'files'>): string[] => [
	`the daemon's memory:  ${course(memory)} MB (medians of the first and the last third)`,
	`its open files:       ${course(files)}`,
	'',
];

function summary({ seconds, changes, calm, faults, ...taken }: SoakReport): string {
	const sum = (of: (fault: SoakReport['faults'][number]) => number) =>
		faults.reduce((total, fault) => total + of(fault), 0);
	const repairs = faults.flatMap(({ ms }) => ms ?? []);
	return [
		`${seconds} s, ${changes} changes, ${faults.length} faults, 8 clients`,
		`between the faults:   ${calm.captured} connections captured, ${calm.bypassed} past Envoy, ${calm.failed} failed`,
		`in the faults' time:  ${sum(({ captured }) => captured)} captured, ${sum(({ bypassed }) => bypassed)} past Envoy, ${sum(({ failed }) => failed)} failed`,
		`repairs:              ${median(repairs)} ms in the median, ${Math.max(...repairs)} ms at most`,
		...courses(taken),
	].join('\n');
}

function meshSummary({
	seconds,
	changes,
	faults,
	requests,
	calmFailures,
	faultFailures,
	...taken
}: MeshSoakReport): string {
	return [
		`${seconds} s, ${changes} changes of definitions, ${faults} faults, ${requests} requests`,
		`between the faults:   ${calmFailures.length} failed${[...new Set(calmFailures)].map((what) => `, ${what}`).join('')}`,
		`in the faults' time:  ${faultFailures} failed`,
		...courses(taken),
	].join('\n');
}

const [isMesh, text] = process.argv[2] === '--mesh' ? [true, process.argv[3]] : [false, process.argv[2]];
const seconds = secondsOf(text);
const tell = (line: string): void => void process.stderr.write(`soak: ${line}\n`);
if (isMesh) {
	const report = await soakMesh(seconds, tell);
	process.stdout.write(meshSummary(report));
	process.exitCode = report.calmFailures.length === 0 ? 0 : 1;
} else {
	const report = await soak(seconds, tell);
	process.stdout.write(summary(report));
	process.exitCode = report.calm.bypassed + report.calm.failed === 0 ? 0 : 1;
}
