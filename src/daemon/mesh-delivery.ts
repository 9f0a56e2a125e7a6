import { failureOf } from '../failure.ts';
import { attempt } from '../lib/attempt.ts';
import { timeOf } from '../lib/clock.ts';
import type { DefinitionFile } from '../mesh/load-mesh.ts';
import type { Fact } from '../status/conditions.ts';
import type { MeshStatus } from '../status/types.ts';
import { isIdOf, nodeId } from '../values/mesh-node.ts';
import type { Send } from '../xds/ads-stream.ts';
import { createHub, type Hub, type HubEvent, type HubStream } from '../xds/hub.ts';
import { snapshotText } from '../xds/node-snapshot.ts';
import { changedFiles, isEqual, isSame, type Offer, SAVE_MS } from '../xds/offer.ts';
import { formerOffer, type LoadingDependencies, type MeshDependencies, prepare, withLoader } from './mesh-offer.ts';
import { meshFact, missingOf, type Reported, rejectedOf } from './mesh-report.ts';
import { createRulePorts, type RulePorts } from './rule-ports.ts';

/** Of an Envoy, which sends bytes. `receive` throws a Failure where it is to be refused. */
interface MeshStream extends Pick<HubStream, 'drained' | 'close'> {
	readonly receive: (bytes: Uint8Array) => void;
}

/** Gives Envoy what the definitions say, and knows what became of it. */
export interface MeshDelivery {
	readonly open: (send: Send) => MeshStream;
	/** What a former daemon's Envoy has, then what the definitions say. Throws where there is neither. */
	readonly start: () => void;
	/** Throws where mistakes in the definitions hold up this node. */
	readonly check: () => void;
	/** Reads the definitions anew, also those that Envoy has rejected. Rejects where they have mistakes: then nothing has changed. */
	readonly reload: () => Promise<void>;
	/** The application's ports that the rules are to lead to Envoy. */
	readonly ports: () => readonly number[];
	/** `follow`: changes the rules to the ports. */
	readonly watch: (follow: () => Promise<void>, signal: AbortSignal) => void;
	/** What Envoy has not accepted yet, and why it does not; '' where all is well. */
	readonly missing: () => string;
	readonly rejected: () => string;
	readonly fact: () => Fact;
	readonly status: () => MeshStatus;
}

interface Delivery extends Omit<Reported, 'away'> {
	readonly deps: LoadingDependencies;
	readonly hub: Hub;
	readonly rulePorts: RulePorts;
	/** What is to be pushed next, and was pushed last, also by a former daemon. */
	next: Offer | undefined;
	pushed: Offer | undefined;
	/** The definitions whose outcome is known, so that they are not looked at twice. */
	seen: readonly DefinitionFile[] | undefined;
	files: readonly DefinitionFile[];
	acceptedFiles: readonly DefinitionFile[];
	notes: readonly string[];
	follow: () => Promise<void>;
	trouble: string;
	refusal: string;
	acceptedAt: string | undefined;
	acceptedMs: number | undefined;
}

export function createMeshDelivery(given: MeshDependencies): MeshDelivery {
	const deps = withLoader(given);
	const { codec, node, clock, drainMs } = deps;
	const former = formerOffer(deps);
	const accepted = former?.encoded;
	const first = attempt(() => prepare(deps, former));
	const own: Delivery = {
		...{ deps, next: undefined, pushed: former, seen: undefined, files: [], acceptedFiles: [], notes: [] },
		...{ trouble: '', refusal: '', acceptedAt: undefined, acceptedMs: undefined, follow: async () => undefined },
		hub: createHub({ codec, clock, drainMs, accepted, isOurs: isIdOf(node) }, (event) => onEvent(own, event)),
		// The rules of the start wait until Envoy has accepted it.
		rulePorts: createRulePorts(
			('value' in first ? first.value : former)?.ports ?? [],
			() => own.follow(),
			(error) => deps.log('error', NOT_FOLLOWED, { why: failureOf(error).message }),
		),
	};
	// An Envoy of a former daemon may connect before the start, and have more than what that one wrote down.
	if ('value' in first) push(own, first.value, false);
	return {
		open: (send) => openLogged(own, send),
		start() {
			if ('error' in first) {
				if (former === undefined) throw first.error;
				tell(own, first.error);
			}
			// They may have changed since they were read.
			onChange(own);
		},
		check: () => void prepare(deps, own.pushed),
		reload: async () => offer(own, prepare(deps, own.pushed), true),
		ports: own.rulePorts.current,
		watch(follow, signal) {
			own.follow = follow;
			deps.watchDefinitions(() => onChange(own), signal);
		},
		missing: () => missingOf(own.hub.state(), own),
		rejected: () => rejectedOf(own.hub.state()),
		fact: () => meshFact(own.hub.state(), { ...own, away: deps.sourceTrouble() }),
		status: () => statusOf(own),
	};
}

const NOT_FOLLOWED = 'the rules do not follow the ports of the mesh';

/** Envoy is told once the rules lead to no port on which it will not answer any more. */
async function offer(own: Delivery, next: Offer, isAgain: boolean): Promise<void> {
	Object.assign(own, { next, seen: next.files });
	const rulesFollowed = own.rulePorts.want(next.ports);
	if (rulesFollowed !== undefined) {
		await rulesFollowed.catch((error) => {
			own.rulePorts.revert();
			throw error;
		});
		// Another one has followed.
		if (own.next !== next) return;
	}
	push(own, next, isAgain);
}

/** `isAgain`: also what Envoy has rejected as it is. */
function push(own: Delivery, next: Offer, isAgain: boolean): void {
	const { deps, hub, pushed } = own;
	const { accepted, rejection } = hub.state();
	const { files, notes } = next;
	for (const note of notes) if (!own.notes.includes(note)) deps.log('warn', 'the mesh is not whole', { note });
	Object.assign(own, { seen: files, files, notes, trouble: '' });
	if (pushed !== undefined && isEqual(next.encoded, pushed.encoded) && !(isAgain && rejection !== undefined)) {
		if (pushed.encoded === accepted) own.acceptedFiles = files;
		return;
	}
	own.pushed = next;
	deps.counters.add('meshPushes', 'pushed');
	hub.update(next.encoded);
	deps.log('info', 'mesh pushed', { node: nodeId(deps.node), ms: Math.round(deps.clock.nowMs() - next.startedMs) });
}

function onChange(own: Delivery): void {
	look(own, () => own.deps.clock.after(SAVE_MS, () => look(own, (error, files) => tell(own, error, files))));
}

/** `files`: undefined where they cannot be read. */
function look(own: Delivery, onMistake: (error: unknown, files?: readonly DefinitionFile[]) => void): void {
	const { deps, seen } = own;
	const files = attempt(deps.readDefinitions);
	if ('error' in files) {
		onMistake(files.error);
		return;
	}
	if (isSame(files.value, seen)) return;
	const next = attempt(() => prepare(deps, own.pushed, files.value));
	if ('error' in next) onMistake(next.error, files.value);
	else offer(own, next.value, false).catch((error) => tell(own, error));
}

function tell(own: Delivery, error: unknown, files?: readonly DefinitionFile[]): void {
	const { message } = failureOf(error);
	own.seen = files;
	if (own.trouble === message) return;
	own.trouble = message;
	own.deps.counters.add('meshPushes', 'mistaken');
	own.deps.log('error', 'the mesh stays as it was', { why: message });
}

function onEvent(own: Delivery, event: HubEvent): void {
	const { log, counters } = own.deps;
	if (event.kind === 'connected') {
		own.refusal = '';
		log('info', 'envoy connected to the mesh', { node: event.node });
	} else if (event.kind === 'rejected') {
		counters.add('meshPushes', 'rejected');
		const changed = changedFiles(own.files, own.acceptedFiles);
		log('error', 'envoy rejected the mesh', { of: event.of, why: event.why, changed });
		own.rulePorts.revert();
	} else if (own.pushed?.encoded === event.snapshot) {
		// Not what is taken back to after a rejection.
		onAccepted(own, own.pushed);
	}
}

function onAccepted(own: Delivery, { startedMs, encoded, ports }: Offer): void {
	const { log, clock, snapshots, node } = own.deps;
	const isNew = own.acceptedFiles !== own.files;
	own.acceptedFiles = own.files;
	own.acceptedAt = timeOf(clock);
	if (!isNew) return;
	own.acceptedMs = Math.round(clock.nowMs() - startedMs);
	// Whoever reads that it was accepted may end this daemon: the next one knows it then.
	const written = attempt(() => snapshots.write(snapshotText(nodeId(node), encoded)));
	if ('error' in written) log('warn', 'the snapshot was not written', { why: failureOf(written.error).message });
	log('info', 'mesh accepted', { ms: own.acceptedMs });
	own.rulePorts.accept(ports);
}

/** Tells why an Envoy was refused, once. */
function openLogged(own: Delivery, send: Send): MeshStream {
	const { receive, drained, close } = own.hub.open(send);
	return {
		...{ drained, close },
		receive(bytes) {
			try {
				receive(own.deps.codec.decodeRequest(bytes));
			} catch (error) {
				const { message } = failureOf(error);
				if (own.refusal !== message) own.deps.log('warn', 'envoy was refused its configuration', { why: message });
				own.refusal = message;
				throw error;
			}
		},
	};
}

function statusOf({ deps, hub, pushed, acceptedAt, acceptedMs, notes }: Delivery): MeshStatus {
	const { connected, settled } = hub.state();
	return {
		node: nodeId(deps.node),
		version: pushed?.encoded.rds.version ?? '',
		...{ connected, settled, followed: deps.sourceTrouble() === undefined },
		...(acceptedAt === undefined ? {} : { acceptedAt }),
		...(acceptedMs === undefined ? {} : { acceptedMs }),
		...(notes.length === 0 ? {} : { notes }),
	};
}
