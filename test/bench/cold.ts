import type { Dialect } from '../../src/firewall/firewall.ts';
import { turnout } from '../lab/turnout.ts';
import type { Backend } from '../support/dialects.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { environmentOf, scriptSettings, scriptStart, scriptUndo, turnoutCommand } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** Commands from their start to their end, on a host that each time is what it was. */
export async function benchCold({ backend, dialect }: Backend, patience: Patience): Promise<readonly Figure[]> {
	using stack = new DisposableStack();
	const [our, their] = [stack.use(createPlace(dialect)), stack.use(createPlace(dialect))];
	const [ours, theirs] = [our, their].map(({ host }) => stack.use(createStopwatch(host)));
	if (!ours || !theirs) throw new Error('unreachable: two were made');
	const settings = scriptSettings(dialect);
	const env = environmentOf(backend);
	const { init, script2019, clean } = await interleave(patience, {
		init: () => ours.time({ ...turnoutCommand('init'), env }),
		async script2019() {
			const ms = await theirs.time(scriptStart(settings));
			await theirs.time(scriptUndo(settings));
			return ms;
		},
		clean: () => ours.time({ ...turnoutCommand('clean'), env }),
	});
	mustVerifyBoth(turnout(our.host, ['init', '--json'], { env }).stdout, backend);
	const limits = { on: 'ratio', ...(backend === 'nft' ? { goal: 2, must: 3 } : { goal: 2.5, must: 4 }) } as const;
	const script = { name: "the script's commands for IPv4 alone", values: script2019 };
	return [
		compare(`init, both families, ${backend}`, init, script, limits),
		compare(`clean, ${backend}`, clean, { name: 'init', values: init }, { on: 'ratio', must: 1 }),
	];
}

/** Otherwise something else was measured. */
function mustVerifyBoth(printed: string, backend: Dialect): void {
	const report = JSON.parse(printed) as { families: readonly string[]; backend: { name: string } };
	if (report.families.length !== 2 || report.backend.name !== backend)
		throw new Error(`init did not do what is measured: ${printed}`);
}
