// Makes the connections of a row, and compares who answered and which way they went with what is expected.
import type { Peer } from '../lab/net/peer.ts';
import type { Answer } from '../lab/net/protocol.ts';
import type { Connection, Phase, Row, Way, Who } from './connections.ts';
import type { Counters, Evidence, Since } from './evidence.ts';

export interface Observed {
	readonly connection: Connection;
	readonly by: string;
	readonly way: Way;
	readonly isRight: boolean;
}

export interface Cell {
	readonly observed: readonly Observed[];
	/** What Envoy counted meanwhile; nothing where no Envoy runs. */
	readonly counted: Counters;
	/** Envoy accepted them on its own ports and closed them: it counts such, and does not log them. */
	readonly isClosed: boolean;
}

/** Envoy's log and its counters tell the same. */
const isAgreed = ({ observed, counted, isClosed }: Cell): boolean =>
	isClosed ||
	(['in', 'out'] as const).every((way) => observed.filter((one) => one.way === way).length === counted[way]);

export const isAsExpected = (cell: Cell): boolean => isAgreed(cell) && cell.observed.every(({ isRight }) => isRight);

/** What is dropped is never answered; what is to be answered may take its time on a busy machine. */
const DROPPED_MS = 400;
const ANSWERED_MS = 20_000;

export async function observeRow(
	{ connections, expected }: Row,
	phase: Phase,
	peers: Readonly<Record<Who, Peer>>,
	evidence?: Evidence,
): Promise<Cell> {
	const { by, way } = expected[phase];
	const since = evidence?.since();
	const timeoutMs = by === 'dropped' ? DROPPED_MS : ANSWERED_MS;
	const answers = await Promise.all(
		connections.map(({ who, address, port }) => peers[who].connect(address, port, { timeoutMs })),
	);
	const counted = since?.counted() ?? { in: 0, out: 0 };
	// Where Envoy has counted nothing there is no line to wait for.
	const log = counted.in + counted.out > 0 ? since : undefined;
	const observed = await Promise.all(
		connections.map(async (connection, at): Promise<Observed> => {
			const answer = answers[at];
			const seen = { by: nameOf(answer), way: await wayOf(connection, answer, log) };
			return { connection, ...seen, isRight: seen.by === by && seen.way === way };
		}),
	);
	return { observed, counted, isClosed: by === 'closed' };
}

const wayOf = async ({ port }: Connection, answer: Answer | undefined, log: Since | undefined): Promise<Way> =>
	answer?.kind === 'answered' && log !== undefined ? log.wayOf(answer.ownPort, port) : 'direct';

function nameOf(answer: Answer | undefined): string {
	if (answer?.kind === 'answered') return answer.by;
	if (answer?.kind === 'timeout') return 'dropped';
	if (answer?.kind !== 'error') return answer?.kind ?? 'nothing';
	return ['closed without a name', 'ECONNRESET'].includes(answer.why) ? 'closed' : answer.why;
}

/** Everything in a cell that is not as it should be, in words. */
export function mistakesIn({ title, expected }: Row, phase: Phase, cell: Cell): string[] {
	const [where, { by, way }] = [`${phase}: ${title}`, expected[phase]];
	const wrong = cell.observed
		.filter(({ isRight }) => !isRight)
		.map(({ connection: { address, port }, ...seen }) => {
			return `${where}: ${address} port ${port}: ${seen.by}, ${seen.way}; it should be ${by}, ${way}`;
		});
	const { counted } = cell;
	const account = `${where}: Envoy's counters rose by ${counted.in} in and ${counted.out} out, its log says otherwise`;
	return isAgreed(cell) ? wrong : [...wrong, account];
}
