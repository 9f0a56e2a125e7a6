import { isDefinitionName } from '../files/definitions.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import type { Answers, KeyValue } from './etcd-messages.ts';
import { generationKey, type KeyRange, mirroredRanges } from './key-range.ts';

/** One key below the prefix, at the revision of its last change. */
export interface EtcdFile {
	/** As messages show it; below the prefix as in a folder. */
	readonly path: string;
	readonly text: string;
	readonly revision: bigint;
}

/** All that is below the prefix at one revision. */
export interface EtcdContent {
	readonly clusterId: bigint;
	readonly revision: bigint;
	/** By key. */
	readonly values: ReadonlyMap<string, EtcdFile>;
}

/** So that one answer is within what a connection takes, each value being as large as etcd takes by default. */
const PAGE = 32n;
/** Far above all that a mesh of App Mesh's limits needs. */
const MOST_BYTES = 128 * 1024 * 1024;

/** Reads all at one revision, in pages. */
export async function readContent(connection: EtcdConnection, prefix: string): Promise<EtcdContent> {
	const values = new Map<string, EtcdFile>();
	let bytes = 0;
	let at: { readonly clusterId: bigint; readonly revision: bigint } | undefined;
	for (const range of mirroredRanges(prefix))
		for await (const { header, kvs } of pagesOf(connection, range, () => at?.revision ?? 0n)) {
			at ??= header;
			for (const kv of kvs) values.set(...entryOf(kv));
			bytes += kvs.reduce((sum, { value }) => sum + value.length, 0);
			if (bytes > MOST_BYTES) throw new Error(`there are over ${MOST_BYTES} bytes below ${prefix}`);
		}
	if (at === undefined) throw new Error('it has answered nothing');
	return { clusterId: at.clusterId, revision: at.revision, values };
}

async function* pagesOf(
	connection: EtcdConnection,
	{ key, rangeEnd }: KeyRange,
	revision: () => bigint,
): AsyncGenerator<Answers['RangeResponse']> {
	let from = key;
	for (;;) {
		const page = await connection.range({ key: from, rangeEnd, limit: PAGE, revision: revision() });
		yield page;
		const last = page.kvs.at(-1);
		if (!page.more || last === undefined) return;
		from = Buffer.concat([last.key, Buffer.of(0)]);
	}
}

const textOf = (bytes: Uint8Array): string =>
	Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const entryOf = ({ key, value, modRevision }: KeyValue): [string, EtcdFile] => {
	const name = textOf(key);
	return [name, { path: pathOf(name), text: textOf(value), revision: modRevision }];
};

export const pathOf = (key: string): string => `etcd:${key}`;

type Events = Answers['WatchResponse']['events'];

/** With what a watch has told. */
export function withEvents(content: EtcdContent, events: Events, prefix: string): EtcdContent {
	const values = new Map(content.values);
	let { revision } = content;
	for (const { type, kv } of events) {
		if (kv.modRevision > revision) revision = kv.modRevision;
		const [key, file] = entryOf(kv);
		if (!isMirrored(key, prefix)) continue;
		if (type === DELETED) values.delete(key);
		else values.set(key, file);
	}
	return { ...content, revision, values };
}

const DELETED = 1;

const isMirrored = (key: string, prefix: string): boolean => {
	const bytes = Buffer.from(key);
	return mirroredRanges(prefix).some((range) => bytes.compare(range.key) >= 0 && bytes.compare(range.rangeEnd) < 0);
};

/** What may be definitions, in the order of their keys: neither hidden nor of another kind of file. */
export const definitionsIn = ({ values }: EtcdContent, prefix: string): readonly EtcdFile[] =>
	[...values]
		.filter(([key]) => isDefinition(key.slice(prefix.length).split('/')))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([, file]) => file);

const isDefinition = (parts: readonly string[]): boolean =>
	parts.every((part, at) => isDefinitionName(part, at < parts.length - 1));

export const generationOf = (content: EtcdContent | undefined, prefix: string): bigint =>
	content?.values.get(generationKey(prefix))?.revision ?? 0n;

/**
 * Whether a watch has told all that there is by now, as far as that is seen without reading it: rarely one does not
 * (etcd-io/etcd#18089, #15402).
 */
export async function isWhole(connection: EtcdConnection, content: EtcdContent, prefix: string): Promise<boolean> {
	let count = 0n;
	for (const range of mirroredRanges(prefix))
		count += (await connection.range({ ...range, limit: 1n, keysOnly: true })).count;
	const { kvs } = await connection.range({ key: Buffer.from(generationKey(prefix)) });
	return count === BigInt(content.values.size) && (kvs[0]?.modRevision ?? 0n) === generationOf(content, prefix);
}

/**
 * Whether a watch can go on from it. One that was restored from a back-up counts its revisions anew, and may have come as far by
 * other changes: each change of the API has a mark of its own.
 */
export async function isSamePast(connection: EtcdConnection, content: EtcdContent, prefix: string): Promise<boolean> {
	const key = generationKey(prefix);
	try {
		const { header, kvs } = await connection.range({ key: Buffer.from(key), revision: content.revision });
		return header.clusterId === content.clusterId && kvs.map(entryOf)[0]?.[1].text === content.values.get(key)?.text;
	} catch {
		// It has not come as far, or that is compacted; whatever else it is shows when it is read.
		return false;
	}
}
