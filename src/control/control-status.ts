import { X509Certificate } from 'node:crypto';
import { failureOf } from '../failure.ts';
import { attempt } from '../lib/attempt.ts';
import type { Clock } from '../lib/clock.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import type { Store } from '../store/store.ts';
import type { NodeStatus } from './ads/fleet-status.ts';
import type { CurrentMesh } from './current-mesh.ts';

/** What `GET /control/v1/status` answers. */
export interface ControlStatus {
	readonly version: string;
	readonly since: string;
	readonly listeners: readonly ListenerStatus[];
	/** The server's own; absent in plain text. */
	readonly certificate?: CertificateStatus;
	readonly store: StoreStatus;
	/** Mistakes in the definitions, as `turnout mesh check` tells them; the first hundred. */
	readonly mistakes: readonly string[];
	/** Those whose Envoys have asked. */
	readonly nodes: readonly NodeStatus[];
	/** How often an Envoy was refused; the log says why. */
	readonly refused: number;
}

export interface ListenerStatus {
	readonly name: 'api' | 'ads';
	readonly at: string;
	/** `none`: whoever reaches it may ask. */
	readonly clients: readonly ('keys' | 'certificates')[];
}

export interface CertificateStatus {
	readonly subject: string;
	readonly expiresAt: string;
	/** Below 0: it has expired. */
	readonly daysLeft: number;
}

export interface StoreStatus {
	readonly at: string;
	readonly ok: boolean;
	readonly why?: string;
	readonly resources?: number;
}

export interface StatusSources {
	readonly version: string;
	readonly since: string;
	readonly listeners: readonly ListenerStatus[];
	/** PEM. */
	readonly certificate: () => string | undefined;
	readonly store: Pick<Store, 'list'>;
	readonly definitions: string;
	readonly mesh: CurrentMesh;
	readonly nodes: () => readonly NodeStatus[];
	readonly refused: () => number;
	readonly clock: Clock;
}

const MOST_MISTAKES = 100;

export function mistakesOf({ read }: Pick<CurrentMesh, 'read'>): readonly string[] {
	const now = attempt(read);
	return 'error' in now ? [] : now.value.loaded.errors.slice(0, MOST_MISTAKES).map(mistakeLine);
}

export async function controlStatus(sources: StatusSources): Promise<ControlStatus> {
	const { version, since, listeners, mesh, nodes, refused, clock } = sources;
	const certificate = sources.certificate();
	return {
		...{ version, since, listeners },
		...(certificate === undefined ? {} : { certificate: certificateStatus(certificate, clock.dateMs()) }),
		store: await storeStatus(sources),
		mistakes: mistakesOf(mesh),
		...{ nodes: nodes(), refused: refused() },
	};
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** As `turnout doctor` warns of the mesh's own. */
export const SOON_DAYS = 14;

export function certificateStatus(pem: string, nowMs: number): CertificateStatus {
	const { subject, validToDate } = new X509Certificate(pem);
	return {
		subject: subject.split('\n').at(-1) ?? '',
		expiresAt: validToDate.toISOString(),
		daysLeft: Math.floor((validToDate.getTime() - nowMs) / DAY_MS),
	};
}

async function storeStatus({ store, definitions: at }: StatusSources): Promise<StoreStatus> {
	try {
		return { at, ok: true, resources: (await store.list()).entries.length };
	} catch (error) {
		return { at, ok: false, why: failureOf(error).message };
	}
}

/** All is as it has to be. */
export const isWell = ({ store, mistakes, nodes, certificate }: ControlStatus): boolean =>
	store.ok &&
	mistakes.length === 0 &&
	(certificate?.daysLeft ?? 0) >= 0 &&
	nodes.every(({ rejected, trouble }) => rejected === undefined && trouble === undefined);
