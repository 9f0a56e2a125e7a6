import type { PullStatus } from '../status/types.ts';

type Layer = PullStatus['layers'][number];

const WIDEST_BAR = 30;
const NARROWEST_BAR = 10;
const ERASE_LINE = '\r\u001b[K';

/** The progress of an image pull as one ASCII line of at most `columns`; less important parts are dropped first. */
export function progressLine({ image, layers }: PullStatus, columns: number): string {
	const { percent, sizes, done, share } = sumOf(layers);
	const facts = [percent, sizes, done].filter((fact) => fact !== '').join('  ');
	const name = `${plain(image)}  `;
	for (const head of [name, '']) {
		const room = Math.min(WIDEST_BAR, columns - head.length - facts.length - 4);
		if (room >= NARROWEST_BAR) return `${head}[${bar(share, room)}]  ${facts}`;
	}
	const shorter = [facts, [percent, done].filter((fact) => fact !== '').join('  '), percent];
	return shorter.find((text) => text !== '' && text.length <= columns) ?? '';
}

/** A progress line on a terminal that overwrites itself. */
export interface Progress {
	readonly show: (pull: PullStatus) => void;
	/** Keeps the last line and starts a new one. */
	readonly end: () => void;
}

export function createProgress(write: (text: string) => void, columns: () => number): Progress {
	let shown = '';
	return {
		show(pull) {
			// A pull of an up-to-date image has no layers.
			if (pull.layers.length === 0) return;
			// Some terminals wrap if the last column is used.
			const line = progressLine(pull, columns() - 1);
			if (line === shown) return;
			write(ERASE_LINE + line);
			shown = line;
		},
		end() {
			if (shown !== '') write('\n');
			shown = '';
		},
	};
}

interface Sum {
	/** '' while the total is unknown. */
	readonly percent: string;
	readonly sizes: string;
	readonly done: string;
	/** How full the bar is, from 0 to 1. */
	readonly share: number;
}

function sumOf(layers: readonly Layer[]): Sum {
	const done = layers.filter(isDone).length;
	const total = sum(layers.map((layer) => positive(layer.total)));
	const fetched = sum(layers.map(fetchedOf));
	const known = layers.filter((layer) => layer.total > 0 || isDone(layer)).length;
	// Layers of unknown size count as much as the average, so that the bar does not run back.
	const ofKnown = total === 0 ? 1 : fetched / total;
	const share = known === 0 ? 0 : (ofKnown * known) / layers.length;
	const isKnown = known === layers.length && known > 0;
	return {
		percent: isKnown ? `${String(Math.floor(share * 100)).padStart(3)}%` : '',
		sizes: sizesText(fetched, isKnown ? total : 0),
		done: `${done}/${layers.length} layers`,
		share,
	};
}

/** Docker restarts its count at 0 to unpack a layer; by then the layer has been fetched. */
function fetchedOf({ status, current, total }: Layer): number {
	const isOnItsWay = /^(Downloading|Waiting|Pulling fs layer|Retrying)/.test(status);
	return isOnItsWay ? Math.min(positive(current), positive(total) || positive(current)) : positive(total);
}

const isDone = ({ status }: Layer): boolean => status === 'Pull complete' || status === 'Already exists';

const positive = (count: number): number => (count > 0 ? count : 0);
const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

const bar = (share: number, width: number): string => {
	const full = Math.floor(share * width);
	return `${'='.repeat(full)}${full < width ? '>' : ''}`.padEnd(width);
};

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12.3/107 MB`, both in the unit of the larger; '' if both are unknown. */
function sizesText(fetched: number, total: number): string {
	const largest = Math.max(fetched, total);
	if (largest === 0) return '';
	const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(largest) / 3)));
	const shown = (count: number): string => inUnit(count / 1_000 ** power, power === 0);
	return `${shown(fetched)}${total === 0 ? '' : `/${shown(total)}`} ${units[power]}`;
}

const inUnit = (count: number, isBytes: boolean): string => count.toFixed(count >= 100 || isBytes ? 0 : 1);

/** ASCII only: each character takes one column, and none is a control character. */
const plain = (text: string): string => text.replace(/[^\u0020-\u007e]/g, '?');
