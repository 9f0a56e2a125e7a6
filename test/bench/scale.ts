import type { Installation, RulesByFamily } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall, iptables } from '../../src/firewall/iptables/iptables-firewall.ts';
import { createNftFirewall, nft } from '../../src/firewall/nft/nft-firewall.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily } from '../../src/values/units.ts';
import { createHost } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { ids } from '../lab/net/peers.ts';
import { captureOf } from '../support/capture.ts';
import { type FarHost, openFarHost } from '../support/far.ts';
import { createAnswerers } from './answerers.ts';
import { compare, type Figure } from './figure.ts';
import type { BenchOptions } from './options.ts';
import { commitsOf } from './programs.ts';
import { interleave, median } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** How a host looks up its list of ignored addresses. */
const ways = {
	'one by one': { hasSets: false, firewall: (far: FarHost) => createIptablesFirewall(far.program('iptables-nft')) },
	ipset: { hasSets: true, firewall: (far: FarHost) => createIptablesFirewall(far.program('iptables-nft')) },
	nft: { hasSets: true, firewall: (far: FarHost) => createNftFirewall(far.nft) },
} as const;
type Way = keyof typeof ways;
const names = Object.keys(ways) as readonly Way[];

const sizes = [0, 50, 500, 5_000] as const;
const LONGEST = 5_000;
/** How many connections one after the other, before it is another list's turn. */
const TURN = 25;
const WARM_UP = 3;

/** Networks, no two of which are neighbours: of these nft would make one. */
const listOf = (length: number): string =>
	Array.from({ length }, (_, at) => `10.${at >> 8}.${at & 255}.0/25`).join(',');

function rulesOf(way: Way, length: number): RulesByFamily {
	const capture = { ...captureOf({ appPorts: '8080', egressIgnoredIps: listOf(length) }), hasSets: ways[way].hasSets };
	return byFamily((family) => buildRuleset(capture, family));
}

const anyTime = AbortSignal.timeout(86_400_000);

/** What a connection costs, and a change, where a list is long. */
export async function benchScale(options: BenchOptions): Promise<readonly Figure[]> {
	const connections = await benchConnections(options.connections);
	return [...connections, ...(await benchApply(options))];
}

/** Each list on a host of its own, in turns so short that whatever else the machine does is the same for all. */
async function benchConnections(count: number): Promise<Figure[]> {
	using stack = new DisposableStack();
	const places = await Promise.all(names.flatMap((way) => sizes.map((size) => createPlace(stack, way, size))));
	for (let left = count; left > 0; left -= TURN)
		for (const { connect, taken } of places) {
			await connect(WARM_UP);
			taken.push(...(await connect(Math.min(TURN, left))));
		}
	const us = (way: Way, size: number): number =>
		median(places.filter((place) => place.way === way && place.size === size).flatMap(({ taken }) => taken)) * 1_000;
	return names.flatMap((way) =>
		sizes
			.filter((size) => size > 0)
			.map(
				(size): Figure => ({
					name: `a captured connection, ${size} networks ignored, ${way}`,
					unit: 'µs',
					ours: us(way, size),
					reference: { name: 'the same without any', value: us(way, 0) },
					...(way === 'one by one' ? {} : { limits: { on: 'ratio', goal: 1.1, must: 1.1 } as const }),
				}),
			),
	);
}

interface Place {
	readonly way: Way;
	readonly size: number;
	readonly connect: (count: number) => Promise<readonly number[]>;
	readonly taken: number[];
}

async function createPlace(stack: DisposableStack, way: Way, size: number): Promise<Place> {
	const lab = stack.use(createHost({ container: false }));
	await stack.use(createAnswerers(lab)).ready;
	const stopwatch = stack.use(createStopwatch(lab.host, ids.app));
	await ways[way].firewall(stack.use(openFarHost(lab.host))).apply(rulesOf(way, size), anyTime);
	return { way, size, connect: (count) => stopwatch.connect(addresses.remote.v4, 443, count), taken: [] };
}

/** From no rules at all, by a process that is warm, as in the daemon. */
async function benchApply({ runs, seconds }: BenchOptions): Promise<Figure[]> {
	const figures: Figure[] = [];
	for (const way of names) {
		using stack = new DisposableStack();
		const [ours, theirs] = [stack.use(createHost({ container: false })), stack.use(createHost({ container: false }))];
		const firewall = ways[way].firewall(stack.use(openFarHost(ours.host)));
		const stopwatch = stack.use(createStopwatch(theirs.host));
		const rules = rulesOf(way, LONGEST);
		const bare = commitsOf(way === 'nft' ? nft.renderInstallations(rules) : linearDocuments(), 'nft');
		const { apply, commit } = await interleave(
			{ runs, seconds },
			{
				async apply() {
					await firewall.remove({ keepConntrack: false }, anyTime);
					const start = performance.now();
					await firewall.apply(rules, anyTime);
					return performance.now() - start;
				},
				async commit() {
					theirs.host.run('nft', ['flush', 'ruleset']);
					return stopwatch.time(...bare);
				},
			},
		);
		const program =
			way === 'nft'
				? 'a bare nft --file for the set and one for the rules'
				: 'a bare pair of restores, a rule for each';
		figures.push(compare(`5,000 networks applied and read back, ${way}`, apply, { name: program, values: commit }));
	}
	return figures;
}

const linearDocuments = (): readonly Installation[] => iptables.renderInstallations(rulesOf('one by one', LONGEST));
