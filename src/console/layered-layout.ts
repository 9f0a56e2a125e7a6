export interface LayoutBox {
	readonly id: string;
	readonly width: number;
	readonly height: number;
}

export interface LayoutEdge {
	readonly from: string;
	readonly to: string;
	/** Of what stands on its last part; 0: nothing does. */
	readonly labelWidth: number;
}

export interface Point {
	readonly x: number;
	readonly y: number;
}

export interface Layout {
	readonly width: number;
	readonly height: number;
	/** The upper left corner of each box. */
	readonly corners: ReadonlyMap<string, Point>;
	/** For each edge the points that its line goes through, from the side of one box to that of the other. */
	readonly lines: readonly (readonly Point[])[];
}

const COLUMN_GAP = 56;
/** For what is seen of a line beside its label. */
const LABEL_GAP = 36;
const ROW_GAP = 18;
const SWEEPS = 6;
/** What holds the place of a line that passes through a column. */
const LINE_HEIGHT = 10;

interface Spot extends LayoutBox {
	readonly column: number;
}

/** Boxes in columns, so that lines lead to the right as far as they can (Sugiyama, Tagawa, Toda 1981). */
export function layOut(boxes: readonly LayoutBox[], edges: readonly LayoutEdge[]): Layout {
	const columnOf = columnsOf(boxes, edges);
	const chains = edges.map((edge, at) => chainOf(edge, at, columnOf));
	const spots: Spot[] = [
		...boxes.map((box) => ({ ...box, column: columnOf.get(box.id) ?? 0 })),
		...chains.flatMap(({ between }) => between),
	];
	const links = chains.flatMap(({ ids }) => ids.slice(1).map((to, at) => ({ from: ids[at] ?? '', to })));
	const columns = ordered(spots, links);
	const centres = centresOf(columns, links);
	const lefts = leftsOf(columns, gapsOf(edges, chains, columnOf));
	const cornerOf = ({ id, column, height }: Spot): Point => ({
		x: lefts[column]?.left ?? 0,
		y: (centres.get(id) ?? 0) - height / 2,
	});
	const bySpot = new Map(spots.map((spot) => [spot.id, spot]));
	const boxIds = new Set(boxes.map(({ id }) => id));
	const corners = new Map(spots.filter(({ id }) => boxIds.has(id)).map((spot) => [spot.id, cornerOf(spot)]));
	const bottoms = spots.map((spot) => cornerOf(spot).y + spot.height);
	return {
		width: lefts.reduce((most, { left, width }) => Math.max(most, left + width), 0),
		height: Math.max(0, ...bottoms),
		corners,
		lines: chains.map(({ ids }) => lineOf(ids, bySpot, cornerOf)),
	};
}

/** The longest way that leads to each; an edge that closes a circle does not count (Kahn 1962). */
function columnsOf(boxes: readonly LayoutBox[], edges: readonly LayoutEdge[]): Map<string, number> {
	const next = Map.groupBy(edges, ({ from }) => from);
	const columns = new Map<string, number>();
	// How many without a column lead to each of those without one, and the column that it is to have at least.
	const waiting = new Map(boxes.map(({ id }) => [id, { count: 0, column: 0 }]));
	for (const { to } of edges) count(waiting.get(to), 1);
	const ready = boxes.map(({ id }) => id).filter((id) => waiting.get(id)?.count === 0);
	while (waiting.size > 0) {
		// Of a circle the first begins.
		const [first = ''] = waiting.keys();
		const id = ready.pop() ?? first;
		const column = waiting.get(id)?.column ?? 0;
		columns.set(id, column);
		waiting.delete(id);
		for (const { to } of next.get(id) ?? []) if (count(waiting.get(to), -1, column + 1) === 0) ready.push(to);
	}
	return columns;
}

interface Waiting {
	count: number;
	column: number;
}

function count(waiting: Waiting | undefined, by: number, column = 0): number | undefined {
	if (waiting === undefined) return undefined;
	waiting.count += by;
	waiting.column = Math.max(waiting.column, column);
	return waiting.count;
}

interface Chain {
	/** From box to box, by what holds its place between them. */
	readonly ids: readonly string[];
	readonly between: readonly Spot[];
}

function chainOf({ from, to }: LayoutEdge, at: number, columnOf: ReadonlyMap<string, number>): Chain {
	const [first, last] = [columnOf.get(from) ?? 0, columnOf.get(to) ?? 0];
	const step = first < last ? 1 : -1;
	const between: Spot[] = [];
	for (let column = first + step; first !== last && column !== last; column += step)
		between.push({ id: `${at}:${column}`, column, width: 0, height: LINE_HEIGHT });
	return { ids: [from, ...between.map(({ id }) => id), to], between };
}

type Links = readonly Pick<LayoutEdge, 'from' | 'to'>[];

function neighboursOf(links: Links): ReadonlyMap<string, readonly string[]> {
	const both = links.flatMap(({ from, to }) => [
		{ of: from, to },
		{ of: to, to: from },
	]);
	return new Map([...Map.groupBy(both, ({ of }) => of)].map(([id, found]) => [id, found.map(({ to }) => to)]));
}

/** Each column sorted by where its neighbours are, to and fro, so that few lines cross. */
function ordered(spots: readonly Spot[], links: Links): Spot[][] {
	const neighbours = neighboursOf(links);
	const columns: Spot[][] = [];
	for (const spot of spots) {
		const column = columns[spot.column] ?? [];
		columns[spot.column] = column;
		column.push(spot);
	}
	for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
		const rank = new Map(columns.flatMap((column) => column.map(({ id }, at) => [id, at / column.length] as const)));
		for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
			const middle = new Map(column.map(({ id }) => [id, mean(neighbours.get(id), rank) ?? rank.get(id) ?? 0]));
			column.sort((a, b) => (middle.get(a.id) ?? 0) - (middle.get(b.id) ?? 0));
			column.forEach(({ id }, at) => void rank.set(id, at / column.length));
		}
	}
	return columns;
}

function mean(ids: readonly string[] = [], values: ReadonlyMap<string, number>): number | undefined {
	if (ids.length === 0) return undefined;
	return ids.reduce((sum, id) => sum + (values.get(id) ?? 0), 0) / ids.length;
}

/** As near to the middle of their neighbours as the others of the column let them. */
function centresOf(columns: readonly Spot[][], links: Links): Map<string, number> {
	const neighbours = neighboursOf(links);
	const centres = new Map<string, number>();
	for (const column of columns) place(column, () => undefined, centres);
	for (let sweep = 0; sweep < SWEEPS * 2; sweep += 1)
		for (const column of sweep % 2 === 0 ? columns : columns.toReversed())
			place(column, (id) => mean(neighbours.get(id), centres), centres);
	const top = Math.min(...columns.flat().map(({ id, height }) => (centres.get(id) ?? 0) - height / 2));
	return new Map([...centres].map(([id, y]) => [id, y - top]));
}

function place(
	column: readonly Spot[],
	wanted: (id: string) => number | undefined,
	centres: Map<string, number>,
): void {
	const offsets: number[] = [];
	let offset = 0;
	for (const { height } of column) {
		offsets.push(offset + height / 2);
		offset += height + ROW_GAP;
	}
	// Where each would be if only the gaps counted; a run of them that wants to overlap moves as one.
	const blocks: { sum: number; count: number; readonly from: number }[] = [];
	column.forEach(({ id }, at) => {
		const own = (wanted(id) ?? centres.get(id) ?? offsets[at] ?? 0) - (offsets[at] ?? 0);
		blocks.push({ sum: own, count: 1, from: at });
		for (
			let last = blocks.at(-1), former = blocks.at(-2);
			last && former;
			last = blocks.at(-1), former = blocks.at(-2)
		) {
			if (former.sum / former.count <= last.sum / last.count) break;
			former.sum += last.sum;
			former.count += last.count;
			blocks.pop();
		}
	});
	for (const { sum, count, from } of blocks)
		for (let at = from; at < from + count; at += 1) {
			const spot = column[at];
			if (spot !== undefined) centres.set(spot.id, sum / count + (offsets[at] ?? 0));
		}
}

/** Behind each column: as much as the labels there need. */
function gapsOf(
	edges: readonly LayoutEdge[],
	chains: readonly Chain[],
	columnOf: ReadonlyMap<string, number>,
): number[] {
	const gaps: number[] = [];
	for (const [at, { from, to, labelWidth }] of edges.entries()) {
		const before = chains[at]?.between.at(-1)?.column ?? columnOf.get(from) ?? 0;
		const gap = Math.min(before, columnOf.get(to) ?? 0);
		if (labelWidth > 0) gaps[gap] = Math.max(gaps[gap] ?? 0, labelWidth + LABEL_GAP);
	}
	return gaps;
}

function leftsOf(
	columns: readonly Spot[][],
	gaps: readonly number[],
): { readonly left: number; readonly width: number }[] {
	let left = 0;
	return columns.map((column, at) => {
		const width = Math.max(...column.map((spot) => spot.width));
		const found = { left, width };
		left += width + Math.max(gaps[at] ?? 0, COLUMN_GAP);
		return found;
	});
}

function lineOf(
	ids: readonly string[],
	bySpot: ReadonlyMap<string, Spot>,
	cornerOf: (spot: Spot) => Point,
): readonly Point[] {
	const found = ids.flatMap((id) => bySpot.get(id) ?? []);
	const isForward = (found[0]?.column ?? 0) < (found.at(-1)?.column ?? 0);
	return found.map((spot, at) => {
		const { x, y } = cornerOf(spot);
		const leaves = at === 0 ? isForward : !isForward;
		const isInner = at > 0 && at < found.length - 1;
		return { x: isInner || !leaves ? x : x + spot.width, y: y + spot.height / 2 };
	});
}
