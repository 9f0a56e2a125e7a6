// What changes cost those that ask meanwhile: six clients on the host, two on another one.
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../samples.ts';
import { extraPort, type MeshState, names, servicePort } from './changing-mesh.ts';
import type { FailedRequest, LoadReport, Pace, Target } from './load.ts';
import type { Way } from './world.ts';

/** With a pause, as clients that have none measure how they share the processors with what is measured. */
const egressPace: Pace = { kept: 4, fresh: 2, pauseMs: 3 };
const ingressPace: Pace = { kept: 2, fresh: 2, pauseMs: 6 };

/** What the application on the host asks. The address is not that of anybody who answers: Envoy goes by the name. */
export const serviceTarget = (path?: string): Target => ({
	...{ address: '203.0.113.50', port: servicePort, host: names.service },
	...(path === undefined ? {} : { path }),
});

export const inboundTarget = ({ address }: Way, port: number): Target => ({ address, port, host: names.asker });

/** A change, and the moment at which its effect was seen. */
export interface Step {
	readonly what: string;
	readonly state: MeshState;
	readonly effect: (way: Way) => Promise<number>;
}

export interface Observed {
	/** From the save to the effect, for each change. */
	readonly ms: readonly number[];
	/** The same, by what was changed. */
	readonly byKind: Readonly<Record<string, readonly number[]>>;
	readonly requests: number;
	readonly failures: readonly FailedRequest[];
	readonly latency: { readonly median: number; readonly p99: number };
	/** Who failed after which change, for people. */
	readonly causes: readonly string[];
}

export interface Taken {
	readonly what: string;
	readonly savedMs: number;
	readonly ms: number;
}

/** So long the former change has to come to rest. */
const PAUSE_MS = 100;

export async function observeSteps(way: Way, steps: readonly Step[]): Promise<Observed> {
	const taken: Taken[] = [];
	const reports = await underLoad(way, async () => {
		for (const step of steps) {
			taken.push(await takeStep(way, step));
			await sleep(PAUSE_MS + Math.random() * PAUSE_MS);
		}
	});
	return observed(taken, reports);
}

export async function takeStep(way: Way, { what, state, effect }: Step): Promise<Taken> {
	const seen = effect(way);
	const savedMs = way.save(state);
	return { what, savedMs, ms: (await seen) - savedMs };
}

/** Both directions, all the time that `act` takes. */
export async function underLoad(way: Way, act: () => Promise<unknown>): Promise<readonly LoadReport[]> {
	await way.egress.start([serviceTarget()], egressPace);
	await way.ingress.start([inboundTarget(way, servicePort), inboundTarget(way, extraPort)], ingressPace);
	await act();
	return Promise.all([way.egress.stop(), way.ingress.stop()]);
}

export function observed(taken: readonly Taken[], reports: readonly LoadReport[]): Observed {
	const failures = reports.flatMap((report) => report.failures);
	const latencies = reports.flatMap(({ ms }) => ms);
	return {
		ms: taken.map(({ ms }) => ms),
		byKind: Object.fromEntries(
			Object.entries(Object.groupBy(taken, ({ what }) => what)).map(([what, own = []]) => [
				what,
				own.map(({ ms }) => ms),
			]),
		),
		requests: reports.reduce((sum, { requests }) => sum + requests, 0),
		failures,
		latency: { median: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
		causes: causesOf(taken, failures),
	};
}

/** The change before a failure's end is the one to suspect. */
function causesOf(taken: readonly Taken[], failures: readonly FailedRequest[]): string[] {
	const groups = Object.groupBy(failures, ({ atMs, ms, what }) => {
		const last = taken.findLast(({ savedMs }) => savedMs <= atMs + ms);
		return `${what}, after ${last === undefined ? 'no change' : `the change: ${last.what}`}`;
	});
	return Object.entries(groups).map(([cause, own = []]) => {
		const since = own.map(({ atMs, ms }) => {
			const last = taken.findLast(({ savedMs }) => savedMs <= atMs + ms);
			return Math.round(atMs + ms - (last?.savedMs ?? atMs));
		});
		return `${own.length} × ${cause}, ${Math.min(...since)} to ${Math.max(...since)} ms later`;
	});
}
