import { createHash, randomUUID } from 'node:crypto';
import { Failure } from '../../failure.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import type { Expected, Folder, FolderContent } from '../../store/folder-store.ts';
import type { Receipt } from '../../store/store.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { definitionsIn, type EtcdContent, generationOf, pathOf } from './etcd-content.ts';
import { etcdFailure, isLeaseGone, isUnsure } from './etcd-failure.ts';
import { createLease, type Lease } from './etcd-lease.ts';
import { type EtcdSession, PATIENCE_MS } from './etcd-session.ts';
import { generationKey, tokensPrefix } from './key-range.ts';

/** The definitions below a prefix of etcd as a folder, which any number of programs may change at once. */
export function createEtcdFolder(session: EtcdSession): Folder {
	const { address, mirror } = session;
	const { prefix } = address;
	const known = createSingleFlight(() => readGeneration(session));
	const lease = createLease(session);
	return {
		root: pathOf(prefix.slice(0, -1)),
		read: async () => folderOf(await known(), prefix),
		write: (path, text, expected) => change({ session, lease }, { path, text }, expected),
		remove: (path, expected) => change({ session, lease }, { path, text: undefined }, expected),
		receiptOf: (token) => readReceipt(session, token),
		watch: mirror.watch,
	};
}

/** All that was answered to anybody by now, by whichever program. */
async function readGeneration({ read, mirror, address }: EtcdSession): Promise<EtcdContent> {
	const key = Buffer.from(generationKey(address.prefix));
	const { kvs } = await read(({ range }) => range({ key })).catch((error) => {
		throw etcdFailure(error, { verb: 'read', what: address.text });
	});
	const wanted = kvs[0]?.modRevision ?? 0n;
	const hasIt = () => generationOf(mirror.content(), address.prefix) >= wanted;
	await mirror.until(hasIt, PATIENCE_MS);
	const content = mirror.content();
	if (content === undefined || !hasIt()) throw behind(address.text);
	return content;
}

const behind = (what: string): Failure =>
	new Failure('state', `Cannot read ${what}: its changes do not arrive`, 'Try again; see the load of etcd');

const folderOf = (content: EtcdContent, prefix: string): FolderContent => ({
	// etcd keeps no times.
	files: definitionsIn(content, prefix).map(({ path, text }) => ({ path, text, changedMs: 0, isLink: false })),
	generation: String(generationOf(content, prefix)),
});

interface Changed {
	readonly path: string;
	/** Undefined: it is removed. */
	readonly text: string | undefined;
}

interface By {
	readonly session: EtcdSession;
	readonly lease: Lease;
}

async function change(by: By, changed: Changed, expected: Expected): Promise<boolean> {
	const { mirror, address } = by.session;
	const key = changed.path.slice(pathOf('').length);
	const former = mirror.content()?.values.get(key);
	if (former?.text !== expected.text) return false;
	// By which it is known again if the answer is lost.
	const mark = randomUUID();
	try {
		const asked = requestOf(
			address.prefix,
			{ key, text: changed.text, former: former?.revision ?? 0n, mark },
			expected,
		);
		const { succeeded, header } = await transact(by, asked, expected.receipt);
		if (succeeded) await mirror.until(() => (mirror.content()?.revision ?? 0n) >= header.revision, PATIENCE_MS);
		return succeeded;
	} catch (error) {
		if (!isUnsure(error)) throw etcdFailure(error, { verb: 'change', what: changed.path });
		if (await isWritten(by.session, mark, expected.receipt)) return true;
		// Whoever tries again finds the receipt if it comes to be written after all, and either of the two outdates the other.
		if (expected.receipt !== undefined) return false;
		throw etcdFailure(error, { verb: 'say whether it has changed', what: changed.path });
	}
}

interface Writing {
	readonly key: string;
	readonly text: string | undefined;
	readonly former: bigint;
	readonly mark: string;
}

type Requests = Readonly<Record<'compare' | 'success', readonly object[]>>;

/** Only if neither the key nor what the change was checked against has changed. */
function requestOf(prefix: string, { key: name, text, former, mark }: Writing, { generation }: Expected): Requests {
	const [key, counted] = [Buffer.from(name), Buffer.from(generationKey(prefix))];
	return {
		compare: [
			{ target: MOD, key, modRevision: former },
			{ target: MOD, key: counted, modRevision: BigInt(generation) },
		],
		success: [
			text === undefined ? { requestDeleteRange: { key } } : { requestPut: { key, value: Buffer.from(text) } },
			{ requestPut: { key: counted, value: Buffer.from(mark) } },
		],
	};
}

const MOD = 2;

function transact({ session, lease }: By, request: Requests, receipt: Receipt | undefined) {
	const { ask, address } = session;
	if (receipt === undefined) return ask((connection) => connection.transact(request));
	const key = tokenKey(address.prefix, receipt.token);
	const value = Buffer.from(JSON.stringify(receipt));
	const send = (id: bigint) => (connection: EtcdConnection) =>
		connection.transact({
			compare: [...request.compare, { target: MOD, key, modRevision: 0n }],
			success: [...request.success, { requestPut: { key, value, lease: id } }],
		});
	return lease.use(async (id) => ask(send(id)), isLeaseGone);
}

/** Of no length that a key could not have. */
const tokenKey = (prefix: string, token: string): Buffer =>
	Buffer.from(`${tokensPrefix(prefix)}${createHash('sha256').update(token).digest('hex')}`);

async function readReceipt({ read, address }: EtcdSession, token: string): Promise<Receipt | undefined> {
	const { kvs } = await read(({ range }) => range({ key: tokenKey(address.prefix, token) })).catch((error) => {
		throw etcdFailure(error, { verb: 'read', what: address.text });
	});
	return kvs[0] && (JSON.parse(Buffer.from(kvs[0].value).toString('utf8')) as Receipt);
}

/** After an answer that was lost, by another member if need be. */
async function isWritten(session: EtcdSession, mark: string, receipt: Receipt | undefined): Promise<boolean> {
	const { read, address } = session;
	const key = Buffer.from(generationKey(address.prefix));
	try {
		const { kvs } = await read(({ range }) => range({ key }));
		if (kvs[0] !== undefined && Buffer.from(kvs[0].value).toString('utf8') === mark) return true;
		return receipt !== undefined && (await readReceipt(session, receipt.token))?.asked === receipt.asked;
	} catch {
		// It is not known.
		return false;
	}
}
