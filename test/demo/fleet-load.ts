// Requests by both who call service B, and when a move of the canary shows in them.
import type { Heard, HttpCounts, HttpLoad } from '../lab/net/http-peer.ts';
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

/** In milliseconds since 1970: the first answer that only the new weights allow, or else the last that only the old ones do. */
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
			for (const load of [first, second]) await load.heard();
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

async function turned({ heard }: HttpLoad, { from, to }: Move): Promise<number> {
	const all: Record<string, Heard> = {};
	await eventually(
		async () => {
			const lately = await heard();
			for (const [by, { firstMs, lastMs }] of Object.entries(lately))
				all[by] = { firstMs: all[by]?.firstMs ?? firstMs, lastMs };
			return lately;
		},
		(lately) => [V1, V2].every((by, at) => by in lately === (to[at] ?? 0) > 0),
	);
	const [v1, v2] = [all[V1], all[V2]];
	if (from[0] === 0) return v1?.firstMs ?? Number.NaN;
	if (from[1] === 0) return v2?.firstMs ?? Number.NaN;
	return (to[0] === 0 ? v1 : v2)?.lastMs ?? Number.NaN;
}
