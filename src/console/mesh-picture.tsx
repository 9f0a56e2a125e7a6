import { useMemo } from 'preact/hooks';
import type { NodeStatus } from '../mesh/console-protocol.ts';
import { type Load, loadText } from '../mesh/show/upstream-load.ts';
import { signs } from './envoy-state.tsx';
import { kindWords } from './kind-words.ts';
import { type Layout, layOut, type Point } from './layered-layout.ts';
import { hrefOfKey } from './location.ts';
import { keyOfBox, loadTo, type NodeState, nodeState, type Picture, type PictureBox } from './picture.ts';

interface MeshPictureProps {
	readonly picture: Picture;
	readonly nodes: readonly NodeStatus[] | undefined;
}

/** Of the page's text, about. */
const CHARACTER = 7.4;
const SMALL_CHARACTER = 6.1;
const LONGEST_NAME = 28;
const LONGEST_LABEL = 22;
const LONGEST_STATE = 128;
const LONGEST_LOAD = 150;
const MARGIN = 12;

/** What boxes say beside their names: how their Envoys are, and what they get. */
interface Shown {
	readonly hasNodes: boolean;
	readonly hasLoad: boolean;
}

const hasState = ({ kind }: PictureBox, { hasNodes }: Shown): boolean =>
	hasNodes && (kind === 'virtualNode' || kind === 'virtualGateway');

const hasLoadLine = ({ kind }: PictureBox, { hasLoad }: Shown): boolean => hasLoad && kind === 'virtualNode';

const LINE = 18;
const heightOf = (box: PictureBox, shown: Shown): number =>
	44 + (hasState(box, shown) ? LINE : 0) + (hasLoadLine(box, shown) ? LINE : 0);

/** Boxes are links; what leads where also stands in a table below. */
export function MeshPicture({ picture, nodes }: MeshPictureProps) {
	const [hasNodes, hasLoad] = [nodes !== undefined, nodes?.some(({ load }) => load !== undefined) === true];
	const shown = useMemo(() => ({ hasNodes, hasLoad }), [hasNodes, hasLoad]);
	const layout = useMemo(() => laidOut(picture, shown), [picture, shown]);
	const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN];
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard
		<section class="picture" tabIndex={0} aria-label="Picture of the mesh">
			{/* biome-ignore lint/a11y/noSvgWithoutTitle: its boxes are named, and all that surrounds them has a name */}
			<svg width={width} height={height} viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}>
				<defs>
					<marker
						id="arrow"
						viewBox="0 0 8 8"
						refX="7"
						refY="4"
						markerWidth="7"
						markerHeight="7"
						orient="auto-start-reverse"
					>
						<path d="M0 0L8 4L0 8z" class="arrow" />
					</marker>
				</defs>
				<Lines picture={picture} layout={layout} />
				{picture.boxes.map((box) => (
					<Box
						key={box.id}
						box={box}
						layout={layout}
						shown={shown}
						state={nodeState(nodes, box)}
						load={loadTo(nodes, box)}
					/>
				))}
			</svg>
		</section>
	);
}

const Lines = ({ picture, layout }: { readonly picture: Picture; readonly layout: Layout }) => (
	// biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it has the focus
	<g aria-hidden="true">
		{layout.lines.map((points, at) => (
			<path key={lineKey(picture, at)} class="line" d={curve(points)} marker-end="url(#arrow)" />
		))}
		{layout.lines.map((points, at) => (
			<Label key={lineKey(picture, at)} points={points} labels={picture.edges[at]?.labels ?? []} />
		))}
	</g>
);

const lineKey = ({ edges }: Picture, at: number): string => `${edges[at]?.from.id} ${edges[at]?.to.id}`;

function laidOut({ boxes, edges }: Picture, shown: Shown): Layout {
	return layOut(
		boxes.map((box) => ({ id: box.id, width: widthOf(box, shown), height: heightOf(box, shown) })),
		edges.map(({ from, to, labels }) => ({ from: from.id, to: to.id, labelWidth: labelWidth(labels) })),
	);
}

function widthOf(box: PictureBox, shown: Shown): number {
	const name = shortened(box.name, LONGEST_NAME).length * CHARACTER;
	const kind = kindWords[box.kind].one.length * SMALL_CHARACTER;
	const more = [hasState(box, shown) ? LONGEST_STATE : 0, hasLoadLine(box, shown) ? LONGEST_LOAD : 0];
	return Math.max(name, kind, ...more, 90) + 28;
}

const shortened = (text: string, most: number): string => {
	const characters = [...text];
	return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
};

interface BoxProps {
	readonly box: PictureBox;
	readonly layout: Layout;
	readonly shown: Shown;
	readonly state: NodeState | undefined;
	readonly load: Load | undefined;
}

function Box({ box, layout, shown, state, load }: BoxProps) {
	const { x, y } = layout.corners.get(box.id) ?? { x: 0, y: 0 };
	const name = shortened(box.name, LONGEST_NAME);
	return (
		<a href={hrefOfKey(keyOfBox(box))} class={`box ${box.kind}`}>
			{name === box.name ? null : <title>{box.name}</title>}
			<g transform={`translate(${x} ${y})`}>
				<rect width={widthOf(box, shown)} height={heightOf(box, shown)} rx={box.kind === 'virtualService' ? 22 : 7} />
				<text x="14" y="18" class="kind">
					{`${kindWords[box.kind].one} `}
				</text>
				<text x="14" y="35" class="name">
					{`${name} `}
				</text>
				{state === undefined ? null : <State state={state} />}
				{load === undefined ? null : (
					<text x="14" y={53 + LINE} class="load">
						{` gets ${loadText(load)}`}
					</text>
				)}
			</g>
		</a>
	);
}

/** By a sign and a word, not by a colour alone. */
const State = ({ state: { mark, text } }: { readonly state: NodeState }) => (
	<text x="14" y="53" class={`state ${mark}`}>
		{/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: it cannot have the focus */}
		<tspan aria-hidden="true">{signs[mark]}</tspan> {text}
	</text>
);

/** On a card of its own, so that lines do not run through it. */
function Label({ points, labels }: { readonly points: readonly Point[]; readonly labels: readonly string[] }) {
	const [from, to] = points.slice(-2);
	if (labels.length === 0 || from === undefined || to === undefined) return null;
	const width = labelWidth(labels);
	const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
	return (
		<g class="label">
			<rect x={x - width / 2} y={y - 9} width={width} height={18} rx={4} />
			<text x={x} y={y + 4} text-anchor="middle">
				{labelText(labels)}
			</text>
		</g>
	);
}

function labelText([first = '', ...more]: readonly string[]): string {
	return shortened(more.length === 0 ? first : `${first} +${more.length}`, LONGEST_LABEL);
}

const labelWidth = (labels: readonly string[]): number =>
	labels.length === 0 ? 0 : labelText(labels).length * SMALL_CHARACTER + 8;

function curve(points: readonly Point[]): string {
	const [first, ...rest] = points;
	if (first === undefined) return '';
	let last = first;
	const parts = rest.map((point) => {
		const middle = (last.x + point.x) / 2;
		const part = `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`;
		last = point;
		return part;
	});
	return `M${first.x} ${first.y}${parts.join('')}`;
}
