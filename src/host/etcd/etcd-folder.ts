import { createHash } from 'node:crypto';
import { Failure } from '../../failure.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import type { Expected, Folder, FolderContent } from '../../store/folder-store.ts';
import type { Receipt } from '../../store/store.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { definitionsIn, type EtcdContent, generationOf, pathOf } from './etcd-content.ts';
import { etcdFailure, isLeaseGone, isUnsure } from './etcd-failure.ts';
import { createLease, type Lease } from './etcd-lease.ts';
import { type EtcdSession, PATIENCE_MS } from './etcd-session.ts';
import { fateOf, marksWith, newMark } from './generation-marks.ts';
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

async function change(by: By, { path, text }: Changed, expected: Expected): Promise<boolean> {
	const { mirror, address } = by.session;
	const content = mirror.content();
	const key = path.slice(pathOf('').length);
	const former = content?.values.get(key);
	if (former?.text !== expected.text || String(generationOf(content, address.prefix)) !== expected.generation)
		return false;
	const counted = content?.values.get(generationKey(address.prefix))?.text ?? '';
	const writing = { key, text, former: former?.revision ?? 0n, mark: newMark(), counted };
	const made = await make(by, writing, expected).catch((error) => {
		throw etcdFailure(error, { verb: isUnsure(error) ? 'say whether it has changed' : 'change', what: path });
	});
	if (made === undefined) return false;
	await mirror.until(() => (mirror.content()?.revision ?? 0n) >= made, PATIENCE_MS);
	return true;
}

/** By one member after the other. */
const MOST_TRIES = 3;

/** At which revision it is made; undefined: it is not, nor will it be. Rejects where that is not known. */
async function make(by: By, writing: Writing, expected: Expected, tries = 1): Promise<bigint | undefined> {
	const asked = requestOf(by.session.address.prefix, writing, expected);
	try {
		const { succeeded, header, calls } = await transact(by, asked, expected.receipt);
		if (succeeded) return header.revision;
		if (calls === 1 && tries === 1) return undefined;
	} catch (error) {
		if (!isUnsure(error)) throw error;
		// Once it is made it is not made again: what it was checked against has changed.
		if (tries < MOST_TRIES) return make(by, writing, expected, tries + 1);
		return whetherMade(by.session, writing, { expected, error });
	}
	return whetherMade(by.session, writing, { expected, error: new Error('too much has changed since') });
}

interface Writing {
	readonly key: string;
	readonly text: string | undefined;
	readonly former: bigint;
	readonly mark: string;
	/** What stands in the key of the generation that it is checked against. */
	readonly counted: string;
}

type Requests = Readonly<Record<'compare' | 'success', readonly object[]>>;

/** Only if neither the key nor what the change was checked against has changed. */
function requestOf(
	prefix: string,
	{ key: name, text, former, mark, counted }: Writing,
	{ generation }: Expected,
): Requests {
	const [key, counter] = [Buffer.from(name), Buffer.from(generationKey(prefix))];
	return {
		compare: [
			{ target: MOD, key, modRevision: former },
			{ target: MOD, key: counter, modRevision: BigInt(generation) },
		],
		success: [
			text === undefined ? { requestDeleteRange: { key } } : { requestPut: { key, value: Buffer.from(text) } },
			{ requestPut: { key: counter, value: Buffer.from(marksWith(mark, counted)) } },
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

interface Unsure {
	readonly expected: Expected;
	/** Thrown where it stays unknown. */
	readonly error: unknown;
}

/** After an answer that was lost, or that was not the first. Whoever tries again finds the receipt if it comes to be written after all. */
async function whetherMade(
	session: EtcdSession,
	{ mark, counted }: Writing,
	{ expected: { receipt }, error }: Unsure,
): Promise<bigint | undefined> {
	const key = Buffer.from(generationKey(session.address.prefix));
	const { kvs, header } = await session
		.read(({ range }) => range({ key }))
		.catch(() => ({ kvs: [], header: undefined }));
	const found = Buffer.from(kvs[0]?.value ?? []).toString('utf8');
	const fate = header && fateOf(mark, counted, found);
	if (fate === 'made') return header?.revision;
	if (fate === 'never' || receipt !== undefined) return undefined;
	throw error;
}
