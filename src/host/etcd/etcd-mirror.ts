import type { Failure } from '../../failure.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EtcdAddress } from '../../values/etcd-address.ts';
import type { Place } from '../../values/place.ts';
import type { Connect, EtcdConnection } from './etcd-connection.ts';
import { type EtcdContent, isSamePast, isWhole, readContent, withEvents } from './etcd-content.ts';
import { etcdFailure } from './etcd-failure.ts';
import type { Answers } from './etcd-messages.ts';
import { below } from './key-range.ts';

export interface MirrorDependencies {
	readonly address: EtcdAddress;
	readonly connect: Connect;
	readonly clock: Clock;
	/** When nobody has answered for a while, and with undefined once somebody does. */
	readonly onAway: (failure: Failure | undefined) => void;
}

/** All that is below the prefix, in memory, and kept as it is in etcd until the signal is aborted. */
export interface EtcdMirror {
	/** As it was read last; undefined: nobody has answered yet. */
	readonly content: () => EtcdContent | undefined;
	/** The member that it is followed by, another object for each connection; undefined: none for now. */
	readonly member: () => Place | undefined;
	/** Why it may be out of date; undefined: it is followed, or was until just now. */
	readonly away: () => Failure | undefined;
	/** Calls back after each change, and whenever `away` has changed. */
	readonly watch: (onChange: () => void, signal: AbortSignal) => void;
	/** Goes on by another member, if this is still the one: it does not answer. */
	readonly leave: (member: Place) => void;
	/** Resolves to false where it has not become so in time. */
	readonly until: (isSo: () => boolean, ms: number) => Promise<boolean>;
}

/** One member after the other is tried at once; then with pauses, so that a thousand hosts do not come back as one. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A watch that has lasted so long was one: then the next member is tried at once. */
const LASTED_MS = 1_000;
/** A new leader is elected in less. */
const AWAY_MS = 3_000;
/** How often it is looked whether a watch has told all. */
const CHECK_MS = 60_000;
/** What is under way has arrived by then. */
const UNDER_WAY_MS = 2_000;

interface Own {
	readonly deps: MirrorDependencies;
	readonly signal: AbortSignal;
	readonly listeners: Set<() => void>;
	content: EtcdContent | undefined;
	member: Place | undefined;
	away: Failure | undefined;
	/** Why it cannot be followed; of the member that was tried last. */
	trouble: Failure | undefined;
	leaveMember: () => void;
	/** Something of it was lost: it is to be read anew. */
	isStale: boolean;
}

export function followEtcd(deps: MirrorDependencies, signal: AbortSignal): EtcdMirror {
	const own: Own = {
		...{ deps, signal, listeners: new Set<() => void>(), content: undefined, member: undefined },
		...{ away: undefined, trouble: undefined, isStale: false, leaveMember: () => undefined },
	};
	void keepFollowing(own);
	return {
		content: () => own.content,
		member: () => own.member,
		away: () => own.away,
		watch(onChange, leave) {
			own.listeners.add(onChange);
			leave.addEventListener('abort', () => own.listeners.delete(onChange), { once: true });
		},
		leave(member) {
			if (own.member !== member) return;
			// At once: whoever has left it is not to find it again.
			own.member = undefined;
			own.leaveMember();
		},
		until: (isSo, ms) => untilSo(own, isSo, ms),
	};
}

async function keepFollowing(own: Own): Promise<void> {
	const { signal } = own;
	const { address, clock } = own.deps;
	const { members } = address;
	// Not all hosts by the same member.
	const first = Math.floor(Math.random() * members.length);
	let failures = 0;
	let onAnswer = waitForAnswer(own);
	for (let at = first; !signal.aborted; at += 1) {
		const startedMs = clock.nowMs();
		const hasAnswered = await followBy(own, members[at % members.length], onAnswer);
		const lasted = hasAnswered && clock.nowMs() - startedMs > LASTED_MS;
		if (hasAnswered) onAnswer = waitForAnswer(own);
		own.member = undefined;
		failures = lasted ? 1 : failures + 1;
		await clock.sleep(pauseAfter(failures, members.length), signal).catch(() => undefined);
	}
}

function pauseAfter(failures: number, members: number): number {
	const rounds = Math.floor(failures / members);
	const longestMs = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(rounds, 10));
	return rounds === 0 ? 0 : longestMs * (0.5 + Math.random() / 2);
}

/** Tells when nobody answers for long; returns what is to be called as somebody does. */
function waitForAnswer(own: Own): () => void {
	const { clock, onAway, address } = own.deps;
	const cancel = clock.after(AWAY_MS, () => {
		if (own.signal.aborted) return;
		own.away = own.trouble ?? etcdFailure(new Error('nobody answers'), { verb: 'follow', what: address.text });
		onAway(own.away);
		tell(own);
	});
	return () => {
		cancel();
		if (own.away !== undefined) onAway(undefined);
		own.away = undefined;
	};
}

/** Until the connection ends. Resolves to whether it was followed. */
async function followBy(own: Own, member: Place | undefined, onAnswer: () => void): Promise<boolean> {
	if (member === undefined) return false;
	const { connect, address } = own.deps;
	let hasAnswered = false;
	const leave = new AbortController();
	const ending = AbortSignal.any([own.signal, leave.signal]);
	own.leaveMember = () => leave.abort(new Error('it does not answer'));
	try {
		using connection = connect(member);
		const read = await upToDate(own, connection);
		const onAnswered = () => {
			if (ending.aborted) return;
			hasAnswered = true;
			own.member = { ...member };
			onAnswer();
			take(own, read);
		};
		await Promise.race([watch(own, connection, { read, onAnswered }, ending), keepChecking(own, connection, ending)]);
	} catch (error) {
		const what = `${address.text} by ${member.host}:${member.port}`;
		own.trouble = etcdFailure(error, { verb: 'follow', what });
	} finally {
		leave.abort(new Error('it is left'));
	}
	return hasAnswered;
}

/** What is known, where the watch can go on from it; else all of it anew. */
async function upToDate({ content, isStale, deps }: Own, connection: EtcdConnection): Promise<EtcdContent> {
	const { prefix } = deps.address;
	if (content === undefined || isStale || !(await isSamePast(connection, content, prefix)))
		return readContent(connection, prefix);
	return content;
}

interface Watch {
	readonly read: EtcdContent;
	readonly onAnswered: () => void;
}

function watch(own: Own, connection: EtcdConnection, { read, onAnswered }: Watch, signal: AbortSignal): Promise<never> {
	const { prefix } = own.deps.address;
	let events: readonly Event[] = [];
	const request = { ...below(prefix), startRevision: read.revision + 1n, fragment: true };
	return connection.watch(
		request,
		(answer) => {
			if (answer.canceled) throw endOf(own, answer);
			if (answer.created) onAnswered();
			events = [...events, ...answer.events];
			// Of one revision all is seen, or nothing.
			if (answer.fragment || events.length === 0 || own.content === undefined) return;
			take(own, withEvents(own.content, events, prefix));
			events = [];
		},
		signal,
	);
}

type Event = Answers['WatchResponse']['events'][number];

/** Compacted: what has changed since what is known is not told any more. */
function endOf(own: Own, { compactRevision, cancelReason }: Answers['WatchResponse']): Error {
	if (compactRevision > 0n) own.isStale = true;
	return new Error(cancelReason === '' ? 'it has ended the watch' : cancelReason);
}

/** Rejects where the watch has been silent about changes. */
async function keepChecking(own: Own, connection: EtcdConnection, signal: AbortSignal): Promise<never> {
	const { clock, address } = own.deps;
	for (;;) {
		await clock.sleep(CHECK_MS * (0.5 + Math.random() / 2), signal);
		const before = own.content;
		if (before === undefined || (await isWhole(connection, before, address.prefix))) continue;
		await clock.sleep(UNDER_WAY_MS, signal);
		if (own.content !== before) continue;
		own.isStale = true;
		throw new Error('its watch has not told all changes');
	}
}

function take(own: Own, content: EtcdContent): void {
	Object.assign(own, { content, isStale: false });
	tell(own);
}

function tell({ listeners }: Own): void {
	for (const listener of [...listeners]) listener();
}

async function untilSo(own: Own, isSo: () => boolean, ms: number): Promise<boolean> {
	if (isSo()) return true;
	const { promise, resolve } = Promise.withResolvers<boolean>();
	const listener = () => isSo() && resolve(true);
	own.listeners.add(listener);
	const timer = setTimeout(() => resolve(false), ms);
	const onAbort = () => resolve(false);
	own.signal.addEventListener('abort', onAbort, { once: true });
	return promise.finally(() => {
		clearTimeout(timer);
		own.signal.removeEventListener('abort', onAbort);
		own.listeners.delete(listener);
	});
}
