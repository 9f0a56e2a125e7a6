// Requests by both who call service B, and when a move of the canary shows in them.
import type { HttpCounts, HttpLoad } from '../lab/net/http-peer.ts';
import { eventually } from '../support/eventually.ts';
import type { Weights } from '../support/guide-commands.ts';
import type { Asker, FleetHosts } from './fleet-hosts.ts';
import { V1, V2 } from './fleet-table.ts';

/** Each; with pauses, as what is measured meanwhile needs the processors too. */
const [WORKERS, PAUSE_MS] = [3, 5] as const;

export interface Move {
	readonly from: Weights;
	readonly to: Weights;
	readonly change: () => Promise<void>;
}

/** In milliseconds since 1970: the first answer that only the new weights allow, or else the first that none of the old followed. */
type Turned = readonly [service: number, gateway: number];

export interface FleetLoad {
	/** Of both. */
	readonly counts: () => Promise<HttpCounts>;
	/** Makes the change; resolves once both are answered by the new weights alone. */
	readonly during: (move: Move) => Promise<Turned>;
	readonly stop: () => Promise<HttpCounts>;
}

export async function startFleetLoad({ service, stranger }: FleetHosts): Promise<FleetLoad> {
	const start = ({ peer, target }: Asker) => peer.startLoad(target, WORKERS, PAUSE_MS);
	const [first, second] = [await start(service), await start(stranger)];
	return {
		counts: async () => sum(await first.counts(), await second.counts()),
		async during(move) {
			for (const load of [first, second]) await load.forget();
			await move.change();
			return [await turned(first, move), await turned(second, move)];
		},
		stop: async () => sum(await first.stop(), await second.stop()),
	};
}

const sum = (one: HttpCounts, other: HttpCounts): HttpCounts =>
	Object.fromEntries(
		[...new Set([...Object.keys(one), ...Object.keys(other)])].map((by) => [by, (one[by] ?? 0) + (other[by] ?? 0)]),
	);

async function turned({ counts, heard }: HttpLoad, { from, to }: Move): Promise<number> {
	let before = await counts();
	await eventually(
		async () => {
			const [former, now] = [before, await counts()];
			before = now;
			return [V1, V2].map((by) => (now[by] ?? 0) - (former[by] ?? 0));
		},
		(lately) => lately.every((count, at) => count > 0 === (to[at] ?? 0) > 0),
	);
	const { [V1]: v1, [V2]: v2 } = await heard();
	if (from[0] === 0) return v1?.firstMs ?? Number.NaN;
	if (from[1] === 0) return v2?.firstMs ?? Number.NaN;
	return (to[0] === 0 ? v2 : v1)?.sinceMs ?? Number.NaN;
}
