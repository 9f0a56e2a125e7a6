import type { NodeStatus, UpstreamLoad } from '../console-protocol.ts';

export type Load = Omit<UpstreamLoad, 'node'>;

export const noLoad: Load = { requests: 0, succeeded: 0, failed: 0 };

export const sumOfLoads = (loads: readonly Load[]): Load =>
	loads.reduce(
		(a, b) => ({
			requests: a.requests + b.requests,
			succeeded: a.succeeded + b.succeeded,
			failed: a.failed + b.failed,
		}),
		noLoad,
	);

/** What goes to each node, from all that report it. Of others nothing is known. */
export function loadByTarget(nodes: readonly Pick<NodeStatus, 'load'>[]): ReadonlyMap<string, Load> {
	const byTarget = Map.groupBy(
		nodes.flatMap(({ load = [] }) => load),
		({ node }) => node,
	);
	return new Map([...byTarget].map(([node, loads]) => [node, roundedLoad(sumOfLoads(loads))]));
}

/** Sums of fractions have many digits. */
export const roundedLoad = ({ requests, succeeded, failed }: Load): Load => ({
	requests: toThousandths(requests),
	succeeded: toThousandths(succeeded),
	failed: toThousandths(failed),
});

const toThousandths = (rate: number): number => Math.round(rate * 1_000) / 1_000;

/** `2.3/s, 5% errors`. */
export const loadText = (load: Load): string =>
	load.failed === 0 ? rateText(load) : `${rateText(load)}, ${errorText(load)} errors`;

export const rateText = ({ requests }: Load): string => `${rounded(requests)}/s`;

/** A share of what has ended; '' where nothing has. */
export const errorText = ({ succeeded, failed }: Load): string =>
	succeeded + failed === 0 ? '' : `${rounded((100 * failed) / (succeeded + failed))}%`;

const rounded = (value: number): string => {
	if (value > 0 && value < 0.1) return '<0.1';
	return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
};
