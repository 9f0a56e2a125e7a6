// Makes the connections of a row, one after the other, and holds to what is expected who answered and which way they went.
import type { Actor } from '../actor.ts';
import type { Answer } from '../protocol.ts';
import type { Answerer, Connection, Phase, Row, Way, Who } from './rows.ts';
import type { Counters, Witness } from './witness.ts';

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
const ANSWERED_MS = 5_000;

export async function observeRow(
	row: Row,
	phase: Phase,
	actors: Readonly<Record<Who, Actor>>,
	witness?: Witness,
): Promise<Cell> {
	const { by, way } = row.expected[phase];
	const start = await witness?.counters();
	const answers: Answer[] = [];
	for (const { who, address, port } of row.connections) {
		const timeoutMs = by === 'dropped' ? DROPPED_MS : ANSWERED_MS;
		answers.push(await actors[who].connect(address, port, { timeoutMs }));
	}
	const counted = difference(await witness?.counters(), start);
	const ways = await waysOf(row.connections, answers, counted, witness);
	const observed = row.connections.map((connection, at): Observed => {
		const seen = { by: nameOf(answers[at]), way: ways[at] ?? 'direct' };
		return { connection, ...seen, ok: seen.by === by && seen.way === way };
	});
	return { observed, counted, isAgreed: by === 'closed' || agree(observed, counted) };
}

/** Only where Envoy counted any connection is there a line to wait for. */
async function waysOf(
	connections: readonly Connection[],
	answers: readonly Answer[],
	counted: Counters,
	witness?: Witness,
): Promise<Way[]> {
	const wait = counted.in + counted.out > 0;
	const ways: Way[] = [];
	for (const [at, answer] of answers.entries()) {
		const port = connections[at]?.port ?? 0;
		ways.push(answer.kind === 'answered' ? ((await witness?.wayOf(answer.ownPort, port, wait)) ?? 'direct') : 'direct');
	}
	return ways;
}

const agree = (observed: readonly Observed[], counted: Counters): boolean =>
	(['in', 'out'] as const).every((way) => observed.filter((one) => one.way === way).length === counted[way]);

function difference(end?: Counters, start?: Counters): Counters {
	return { in: (end?.in ?? 0) - (start?.in ?? 0), out: (end?.out ?? 0) - (start?.out ?? 0) };
}

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
