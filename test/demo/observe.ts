// Makes the connections of a row, and holds to what is expected who answered and which way they went.
import type { Peer } from '../lab/net/peer.ts';
import type { Answer } from '../lab/net/protocol.ts';
import type { Answerer, Connection, Phase, Row, Way, Who } from './chart.ts';
import type { Counters, Watch, Witness } from './witness.ts';

export interface Observed {
	readonly connection: Connection;
	readonly by: string;
	readonly way: Way;
	readonly ok: boolean;
}

export interface Cell {
	readonly observed: readonly Observed[];
	/** What Envoy counted meanwhile; none where no Envoy runs. */
	readonly counted: Counters;
	/** Envoy's two accounts, its log and its counters, agree; of what it closes it only counts. */
	readonly isAgreed: boolean;
}

export const isAsExpected = ({ observed, isAgreed }: Cell): boolean => isAgreed && observed.every(({ ok }) => ok);

/** What is dropped is never answered; what is to be answered may take its time on a busy machine. */
const DROPPED_MS = 400;
const ANSWERED_MS = 20_000;

export async function observeRow(
	row: Row,
	phase: Phase,
	actors: Readonly<Record<Who, Peer>>,
	witness?: Witness,
): Promise<Cell> {
	const { by, way } = row.expected[phase];
	const watch = await witness?.watch();
	const timeoutMs = by === 'dropped' ? DROPPED_MS : ANSWERED_MS;
	const answers = await Promise.all(
		row.connections.map(({ who, address, port }) => actors[who].connect(address, port, { timeoutMs })),
	);
	const counted = (await watch?.counted()) ?? { in: 0, out: 0 };
	const ways = await waysOf(row, answers, counted.in + counted.out > 0 ? watch : undefined);
	const observed = row.connections.map((connection, at): Observed => {
		const seen = { by: nameOf(answers[at]), way: ways[at] ?? 'direct' };
		return { connection, ...seen, ok: seen.by === by && seen.way === way };
	});
	return { observed, counted, isAgreed: by === 'closed' || agree(observed, counted) };
}

/** Without a watch there is no line to wait for: no Envoy runs, or it has counted nothing. */
const waysOf = ({ connections }: Row, answers: readonly Answer[], watch?: Watch): Promise<Way[]> =>
	Promise.all(
		connections.map(async ({ port }, at) => {
			const answer = answers[at];
			return answer?.kind === 'answered' && watch !== undefined ? watch.wayOf(answer.ownPort, port) : 'direct';
		}),
	);

const agree = (observed: readonly Observed[], counted: Counters): boolean =>
	(['in', 'out'] as const).every((way) => observed.filter((one) => one.way === way).length === counted[way]);

function nameOf(answer: Answer | undefined): Answerer | string {
	switch (answer?.kind) {
		case 'answered':
			return answer.by;
		case 'timeout':
			return 'dropped';
		case 'refused':
			return 'refused';
		case 'error':
			return ['closed without a name', 'ECONNRESET'].includes(answer.why) ? 'closed' : answer.why;
		case undefined:
			return 'nothing';
	}
}
