import { setTimeout as sleep } from 'node:timers/promises';
import type { Listening } from '../connections/listener-gaps.ts';
import { gapsIn, gapText, isSilent } from '../connections/listener-gaps.ts';
import { Failure } from '../failure.ts';
import type { ServerInfo } from './lifecycle.ts';
import type { Configuration, ProxyAdmin } from './runtime.ts';
import { type EnvoySpec, listenerPorts, portsOf } from './spec.ts';
import type { SupervisorState } from './supervisor-state.ts';

const POLL_MS = 50;

export async function requireFreePorts({ deps, draining }: SupervisorState, plan: EnvoySpec): Promise<void> {
	const { ports } = plan;
	const free = draining.size === 0 ? Object.values(ports) : listenerPorts(plan);
	const taken = (await deps.listeners()).find(({ port }) => free.includes(port));
	if (taken === undefined) return;
	const key = Object.keys(ports).find((name) => ports[name] === taken.port);
	throw new Failure(
		'envoy',
		`Cannot start Envoy: port ${taken.port} (${key}) is taken by ${taken.owner()}`,
		`Stop that program, or set ${key} to another port`,
	);
}

export interface Waiting {
	/** How it ended; undefined while it runs. */
	readonly ended: () => string | undefined;
	readonly onMissing: (missing: string) => void;
	readonly configuration?: Configuration | undefined;
}

/** Resolves when it is LIVE and listens on every port; rejects when it has ended or after `startSeconds`. */
export async function untilReady(
	admin: ProxyAdmin,
	plan: EnvoySpec,
	waiting: Waiting,
	signal: AbortSignal,
): Promise<ServerInfo> {
	const deadline = AbortSignal.timeout(plan.startSeconds * 1_000);
	let missing = 'no answer on its admin interface';
	while (!deadline.aborted) {
		const why = waiting.ended();
		if (why !== undefined) throw ended(why);
		const info = await admin.info(signal);
		const listeners = info?.state === 'LIVE' ? await admin.listeners(signal) : undefined;
		requireAccepted(waiting.configuration);
		missing = whatIsMissing(plan, info?.state, listeners, waiting.configuration) ?? missing;
		// It may be LIVE just when it is no longer wanted.
		signal.throwIfAborted();
		if (info !== undefined && listeners !== undefined && missing === '') {
			await requireOriginalDst(admin, plan, signal);
			return { version: info.version, listeners: portsOf(listeners) };
		}
		waiting.onMissing(missing);
		await sleep(POLL_MS, undefined, { signal });
	}
	// On a busy machine its end may be reported only now.
	const why = waiting.ended();
	throw why === undefined ? neverLive(plan.startSeconds, missing) : ended(why);
}

/** Thrown at once: waiting does not mend what was sent. */
function requireAccepted(configuration: Configuration | undefined): void {
	const why = configuration?.rejected() ?? '';
	if (why === '') return;
	throw new Failure(
		'envoy',
		`Cannot start Envoy: it rejects what the definitions of the mesh say: ${why}`,
		'Mend the definitions (mesh.definitions); see `turnout mesh check`',
	);
}

/** Thrown at once: an error of the bootstrap does not go away by waiting. */
export async function requireOriginalDst(admin: ProxyAdmin, { lanes }: EnvoySpec, signal: AbortSignal): Promise<void> {
	const blind = await admin.blind(signal);
	const ours = lanes.filter(({ port }) => blind.includes(port)).map(({ key, port }) => `${port} (${key})`);
	if (ours.length === 0) return;
	throw new Failure(
		'envoy',
		`Cannot lead anything to Envoy: on ${ours.join(' and ')} it sends connections on to where they were going, and does not learn where`,
		'Add the listener filter envoy.filters.listener.original_dst to each listener of its bootstrap (envoy.config)',
	);
}

/** Undefined while it does not answer; '' once nothing is missing. An Envoy that rejects what it is sent is LIVE all the same. */
function whatIsMissing(
	plan: EnvoySpec,
	state: string | undefined,
	listeners: readonly Listening[] | undefined,
	configuration: Configuration | undefined,
): string | undefined {
	if (state !== 'LIVE') return state;
	return listeners && (missingListeners(plan, listeners) || (configuration?.missing() ?? ''));
}

/**
 * LIVE is not enough: a user's own bootstrap may listen elsewhere, and redirected traffic would be refused. '' where it
 * listens on every port that traffic is led to, at the addresses where that arrives.
 */
export function missingListeners({ lanes, families }: EnvoySpec, listeners: readonly Listening[]): string {
	const gaps = gapsIn(lanes, families, listeners);
	const named = gaps.filter(isSilent).map(({ lane: { key, port } }) => `${port} (${key})`);
	if (named.length > 0) return `LIVE, but nothing listens on ${named.join(' and ')}`;
	return gaps.map((gap) => `LIVE, but ${gapText(gap, families)}`).join('; ');
}

const ended = (why: string): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: ${why}`,
		'See envoy.command (TURNOUT_ENVOY_COMMAND), envoy.image (TURNOUT_ENVOY_IMAGE) and envoy.config (TURNOUT_ENVOY_CONFIG)',
	);

const neverLive = (seconds: number, state: string): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: it was not LIVE within ${seconds} s (${state})`,
		'See its bootstrap (envoy.config), or give it more time with envoy.startSeconds (TURNOUT_ENVOY_START_SECONDS)',
	);
