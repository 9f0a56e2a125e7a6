import { createHost } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { ids } from '../lab/net/peers.ts';
import { turnout } from '../lab/turnout.ts';
import { createAnswerers } from './answerers.ts';
import type { Figure } from './figure.ts';
import { turnoutEnvironment } from './programs.ts';
import { quantile } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** How many connections one after the other, before it is somebody else's turn. */
const TURN = 100;
/** The first ones find neither routes nor neighbours in the kernel's caches. */
const WARM_UP = 50;

/**
 * What a connection costs, by who takes it. Each stands beside the same connection without any rules: a captured one
 * ends at the host's own egress listener, so it stands beside one that was sent there.
 */
export async function benchLatency(connections: number): Promise<readonly Figure[]> {
	using stack = new DisposableStack();
	const [ruled, bare] = [stack.use(createHost({ container: false })), stack.use(createHost({ container: false }))];
	for (const lab of [ruled, bare]) await stack.use(createAnswerers(lab)).ready;
	const { code, stderr } = turnout(ruled.host, ['init'], { env: turnoutEnvironment });
	if (code !== 0) throw new Error(`Cannot measure captured connections: ${stderr}`);
	const [withRules, without] = [ruled, bare].map(({ host }) => stack.use(createStopwatch(host, ids.app)));
	if (!withRules || !without) throw new Error('unreachable: two were made');
	const { remote, metadata } = addresses;
	const taken = await takeTurns(connections, {
		captured: (count) => withRules.connect(remote.v4, 443, count),
		toListener: (count) => without.connect('127.0.0.1', 15001, count),
		ignored: (count) => withRules.connect(metadata.v4, 80, count),
		noRules: (count) => without.connect(metadata.v4, 80, count),
	});
	const direct = 'no rules at all, same way';
	return [
		...figures('a captured connection', taken.captured, 'no rules, straight to the listener', taken.toListener),
		...figures('an ignored address', taken.ignored, direct, taken.noRules),
	];
}

function figures(name: string, ours: readonly number[], beside: string, reference: readonly number[]): Figure[] {
	const shares = [
		['median', 0.5],
		['99 of 100 within', 0.99],
	] as const;
	return shares.map(([share, at]) => ({
		name: `${name}, ${share}`,
		unit: 'µs',
		ours: quantile(ours, at) * 1_000,
		reference: { name: beside, value: quantile(reference, at) * 1_000 },
	}));
}

type Take = (count: number) => Promise<readonly number[]>;

async function takeTurns<K extends string>(connections: number, takes: Readonly<Record<K, Take>>) {
	const names = Object.keys(takes) as K[];
	const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
	for (const name of names) await takes[name](WARM_UP);
	for (let left = connections; left > 0; left -= TURN)
		for (const name of names) taken[name].push(...(await takes[name](Math.min(TURN, left))));
	return taken;
}
