import type { Dialect } from '../lab/net/restore.ts';
import { turnout } from '../lab/turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { scriptSettings, scriptStart, scriptUndo, turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** Commands from their start to their end, on a host that each time is what it was. */
export async function benchCold(dialect: Dialect, patience: Patience): Promise<readonly Figure[]> {
	using stack = new DisposableStack();
	const [our, their] = [stack.use(createPlace(dialect)), stack.use(createPlace(dialect))];
	const [ours, theirs] = [our, their].map(({ host }) => stack.use(createStopwatch(host)));
	if (!ours || !theirs) throw new Error('unreachable: two were made');
	const settings = scriptSettings(dialect);
	const { init, script2019, clean } = await interleave(patience, {
		init: () => ours.time(turnoutCommand('init')),
		async script2019() {
			const ms = await theirs.time(scriptStart(settings));
			await theirs.time(scriptUndo(settings));
			return ms;
		},
		clean: () => ours.time(turnoutCommand('clean')),
	});
	mustVerifyBoth(turnout(our.host, ['init', '--json'], { env: turnoutEnvironment }).stdout, dialect);
	const script = { name: "the script's commands for IPv4 alone", values: script2019 };
	return [
		compare(`init, both families, ${dialect}`, init, script, { on: 'ratio', goal: 1, must: 2 }),
		compare(`clean, ${dialect}`, clean, { name: 'init', values: init }, { on: 'ratio', must: 1.5 }),
	];
}

/** Otherwise something else was measured. */
function mustVerifyBoth(printed: string, dialect: Dialect): void {
	const report = JSON.parse(printed) as { families: readonly string[]; backend: { name: string } };
	if (report.families.length !== 2 || report.backend.name !== `iptables-${dialect}`)
		throw new Error(`init did not do what is measured: ${printed}`);
}
