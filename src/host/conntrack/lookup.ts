import { Protocol } from 'netlink/dist/constants.js';
import { Failure } from '../../failure.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { createAsk } from './ask.ts';
import { DST_NAT, GET, has, parseEntry, questionAbout, REPLY, type Tuple, tupleOf } from './entry.ts';

/** Requests in flight: the kernel drops answers that do not fit the socket's buffer. */
const BATCH = 32;

/** For each, the port that it is redirected to; undefined if it is not redirected, or not tracked. */
export async function readTranslations(tuples: readonly Tuple[]): Promise<(number | undefined)[]> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket, { type: GET, flags: 0, harmless: NOT_TRACKED, refuse: cannotTell });
	const found: (number | undefined)[] = [];
	try {
		for (let at = 0; at < tuples.length; at += BATCH) {
			const answers = tuples.slice(at, at + BATCH).map((tuple) => ask(questionAbout(tuple)));
			found.push(...(await Promise.all(answers)).map(translationOf));
		}
		return found;
	} finally {
		socket.close();
	}
}

/** Where a connection is redirected to, as the source of its replies; undefined if it is not redirected, or not tracked. */
export async function readTranslation(tuple: Tuple): Promise<Pick<Tuple, 'from' | 'fromPort'> | undefined> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket, { type: GET, flags: 0, harmless: NOT_TRACKED, refuse: cannotTell });
	try {
		return replyOf(await ask(questionAbout(tuple)));
	} finally {
		socket.close();
	}
}

/** -ENOENT. */
const NOT_TRACKED = -2;

const cannotTell = (why: string): Failure =>
	new Failure(
		'unsupported',
		`Cannot tell which open connections are captured: the kernel does not say (${why})`,
		'It takes nf_conntrack_netlink (CONFIG_NF_CT_NETLINK); the rules are not concerned',
	);

const translationOf = (answer: Buffer | undefined): number | undefined => replyOf(answer)?.fromPort;

/** The kernel finds an entry by either direction. */
function replyOf(answer: Buffer | undefined): Tuple | undefined {
	const entry = parseEntry(answer ?? Buffer.alloc(0));
	return has(entry, DST_NAT) ? tupleOf(entry, REPLY) : undefined;
}
