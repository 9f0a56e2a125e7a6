import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { Failure } from '../../failure.ts';
import type { InstalledSet, IpSet, SetKind, SetNames } from '../../firewall/iptables/ip-set.ts';
import type { SetProgram } from '../../firewall/iptables/iptables-program.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { type Lister, openLister } from '../netlink/dump.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import {
	ADD,
	additions,
	CREATE,
	creation,
	DESTROY,
	LIST,
	listHeaders,
	named,
	namedTwice,
	parseEntries,
	parsePart,
	RENAME,
	type SetPart,
	SWAP,
} from './set-messages.ts';

/**
 * Speaks ipset's netlink protocol: no program needs to be installed. The sockets stay open, as closing one makes the kernel
 * wait (see openRuleSource in kernel-rules.ts).
 */
export function createSetProgram(names: SetNames): SetProgram {
	let lister: Lister | undefined;
	let socket: NetlinkSocket | undefined;
	const list = (question: readonly Buffer[]) => {
		lister ??= openLister(Protocol.NETFILTER);
		return listParts(lister, question);
	};
	const ask = async (type: number, question: Buffer[], flags = 0) => {
		socket ??= openNetlink(Protocol.NETFILTER);
		await socket.request(type, question, { flags, timeout: TIMEOUT_MS });
	};
	const read = createReader(names, list);
	const attempt = () =>
		read().catch((error) => {
			// The kernel's answers may still come: not to the next question.
			lister?.close();
			lister = undefined;
			throw error;
		});
	return {
		read: createSingleFlight(async () => {
			const isLoaded = existsSync(MODULE);
			// To ask the kernel would load it.
			if (!isLoaded && existsSync(dirname(MODULE))) return [];
			// A set may go between two questions.
			return attempt()
				.catch(attempt)
				.catch((error) => {
					// Who may not read them has put none there, and hears of it from iptables.
					if (!isLoaded || isForbidden(error)) return [];
					throw refused('read', error);
				});
		}),
		put: (set, isThere) => put(set, isThere, names, ask).catch((error) => Promise.reject(refused('make', error))),
		remove: (name) => remove(name, ask),
	};
}

const TIMEOUT_MS = 5_000;

/** EPERM. */
const isForbidden = (error: unknown): boolean => String(error).endsWith('error 1');

/** Without it there are no sets. Where /sys is not mounted nobody knows. */
const MODULE = '/sys/module/ip_set';

type Ask = (type: number, question: Buffer[], flags?: number) => Promise<void>;
type List = (question: readonly Buffer[]) => Promise<readonly SetPart[]>;

async function listParts(lister: Lister, question: readonly Buffer[]): Promise<readonly SetPart[]> {
	const parts: SetPart[] = [];
	await lister.list(LIST, question, (type, bytes, from, to) => {
		// The buffer is used again for the next part.
		if (type === LIST) parts.push(parsePart(Buffer.from(bytes.subarray(from, to))));
	});
	return parts;
}

interface Known {
	readonly received: Buffer;
	readonly entries: readonly string[];
}

/** Entries that read as before are not parsed again: a daemon reads them every few seconds. */
function createReader({ kindOfName, ordered }: SetNames, list: List): () => Promise<readonly InstalledSet[]> {
	let known: ReadonlyMap<string, Known> = new Map();
	const entriesOf = async (name: string, kind: SetKind): Promise<Known> => {
		const parts = await list(named(name));
		const received = Buffer.concat(parts.map(({ entries }) => entries));
		const former = known.get(name);
		if (former?.received.equals(received)) return former;
		return { received, entries: ordered(kind, parseEntries(kind, received)) };
	};
	return async () => {
		const found: InstalledSet[] = [];
		const now = new Map<string, Known>();
		for (const { name, is, references = 0 } of await list(listHeaders())) {
			const kind = kindOfName(name);
			if (kind === undefined || !is(kind)) continue;
			const contents = await entriesOf(name, kind);
			now.set(name, contents);
			found.push({ name, kind, entries: contents.entries, isUsed: references > 0 });
		}
		known = now;
		return found;
	};
}

/** NLM_F_CREATE | NLM_F_EXCL (linux/netlink.h). */
const NEW = 0x400 | 0x200;

/** Filled under another name first: no rule and no other program ever sees half a list. */
async function put(set: IpSet, isThere: boolean, { maxElements }: SetNames, ask: Ask): Promise<void> {
	const { name, kind, entries } = set;
	const draft = `${name}-new`;
	const removeDraft = () => ask(DESTROY, named(draft)).catch(() => undefined);
	await removeDraft();
	await ask(CREATE, creation(draft, kind, maxElements(entries)), NEW);
	try {
		for (const part of additions(draft, set)) await ask(ADD, part);
		await ask(isThere ? SWAP : RENAME, namedTwice(draft, name));
	} finally {
		// Renamed, it is there no more.
		await removeDraft();
	}
}

/** A rule that was deleted lets go of its set a little later: when the kernel frees it. */
const PAUSES_MS = [1, 2, 5, 10, 20, 50, 100];

async function remove(name: string, ask: Ask): Promise<void> {
	for (const pauseMs of PAUSES_MS) {
		const error = await ask(DESTROY, named(name)).catch((reason: unknown) => reason);
		if (!isBusy(error)) return;
		await sleep(pauseMs);
	}
}

/** IPSET_ERR_BUSY: some rule uses it. */
const isBusy = (error: unknown): boolean => String(error).endsWith(' -4100');

const refused = (verb: string, error: unknown): Failure =>
	new Failure(
		'firewall',
		`Cannot ${verb} the sets of the rules: the kernel refuses: ${error instanceof Error ? error.message : String(error)}`,
		'See `ipset list`, where the program ipset is installed; `turnout clean` removes what is of ours',
		error,
	);
