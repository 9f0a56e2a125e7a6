import { Flags, MessageType, Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { parseMessages } from 'netlink/dist/structs.js';
import { Failure } from '../../failure.ts';
import { openNetlink } from '../netlink.ts';
import { DST_NAT, GET, has, parseEntry, questionAbout, REPLY, type Tuple, tupleOf } from './entry.ts';

const TIMEOUT_MS = 2_000;
/** Questions that are under way at once: the kernel drops what its answer finds no room for. */
const AT_ONCE = 32;

/** For each, to what port of its destination it is translated; undefined where it is not, or nobody tracks it. */
export async function readTranslations(tuples: readonly Tuple[]): Promise<(number | undefined)[]> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket);
	const found: (number | undefined)[] = [];
	try {
		for (let at = 0; at < tuples.length; at += AT_ONCE) {
			const answers = tuples.slice(at, at + AT_ONCE).map((tuple) => ask(questionAbout(tuple)));
			found.push(...(await Promise.all(answers)).map(translationOf));
		}
		return found;
	} finally {
		socket.close();
	}
}

type Ask = (request: Buffer) => Promise<Buffer | undefined>;

/**
 * Answers, or undefined where there is none such. The package's own `request` waits for the end of a list: the kernel marks
 * each answer as a part of one (ctnetlink_fill_info), which without a dump never comes.
 */
function createAsk(socket: NetlinkSocket): Ask {
	const waiting = new Map<number, (answer: Buffer | undefined, error: number) => void>();
	const answers = new Map<number, Buffer>();
	socket.socket.on('message', (bytes) => {
		for (const { type, seq, data } of parseMessages(bytes)) {
			if (type !== MessageType.ERROR) answers.set(seq, data);
			// An acknowledgement, behind the answer; or why there is none.
			else waiting.get(seq)?.(answers.get(seq), data.readInt32LE());
		}
	});
	return (request) =>
		new Promise((resolve, reject) => {
			const late = setTimeout(() => reject(cannotTell('it does not answer')), TIMEOUT_MS);
			const flags = Flags.REQUEST | Flags.ACK;
			const seq = socket.send(GET, request, { flags }, (error) => (error ? reject(error) : undefined));
			waiting.set(seq, (answer, error) => {
				clearTimeout(late);
				if (error === 0 || error === NOT_TRACKED) resolve(answer);
				else reject(cannotTell(`error ${-error}`));
			});
		});
}

/** -ENOENT. */
const NOT_TRACKED = -2;

const cannotTell = (why: string): Failure =>
	new Failure(
		'unsupported',
		`Cannot tell which open connections are captured: the kernel does not say (${why})`,
		'It takes nf_conntrack_netlink (CONFIG_NF_CT_NETLINK); the rules are not concerned',
	);

/** The kernel finds a connection by either of its directions. */
function translationOf(answer: Buffer | undefined): number | undefined {
	const entry = parseEntry(answer ?? Buffer.alloc(0));
	return has(entry, DST_NAT) ? tupleOf(entry, REPLY)?.fromPort : undefined;
}
