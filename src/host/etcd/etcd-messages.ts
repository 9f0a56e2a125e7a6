import {
	create,
	createFileRegistry,
	type DescMessage,
	fromBinary,
	type Message,
	type MessageInitShape,
	toBinary,
} from '@bufbuild/protobuf';
import {
	FieldDescriptorProto_Label,
	FieldDescriptorProto_Type,
	type FileDescriptorProtoSchema,
	FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/**
 * What turnout uses of etcd's API (etcd 3.4, api/etcdserverpb/rpc.proto and mvccpb/kv.proto), by the numbers of its fields. Fields of
 * a oneof and enums are on the wire what is written here.
 */
const messages = {
	ResponseHeader: { clusterId: [1, 'uint64'], revision: [3, 'int64'] },
	KeyValue: { key: [1, 'bytes'], modRevision: [3, 'int64'], value: [5, 'bytes'] },
	RangeRequest: {
		...{ key: [1, 'bytes'], rangeEnd: [2, 'bytes'], limit: [3, 'int64'], revision: [4, 'int64'] },
		...{ sortOrder: [5, 'int32'], sortTarget: [6, 'int32'], keysOnly: [8, 'bool'] },
	},
	RangeResponse: { header: [1, 'ResponseHeader'], kvs: [2, 'KeyValue[]'], more: [3, 'bool'], count: [4, 'int64'] },
	PutRequest: { key: [1, 'bytes'], value: [2, 'bytes'], lease: [3, 'int64'] },
	DeleteRangeRequest: { key: [1, 'bytes'], rangeEnd: [2, 'bytes'] },
	RequestOp: {
		...{ requestRange: [1, 'RangeRequest'], requestPut: [2, 'PutRequest'] },
		requestDeleteRange: [3, 'DeleteRangeRequest'],
	},
	/** `target`: 2 is the revision in which the key was changed last, 0 of one that is not there. It is to be equal. */
	Compare: { target: [2, 'int32'], key: [3, 'bytes'], modRevision: [6, 'int64'] },
	TxnRequest: { compare: [1, 'Compare[]'], success: [2, 'RequestOp[]'] },
	TxnResponse: { header: [1, 'ResponseHeader'], succeeded: [2, 'bool'] },
	WatchCreateRequest: {
		...{ key: [1, 'bytes'], rangeEnd: [2, 'bytes'], startRevision: [3, 'int64'], fragment: [8, 'bool'] },
	},
	WatchRequest: { createRequest: [1, 'WatchCreateRequest'] },
	/** `type`: 1 is a deletion. */
	Event: { type: [1, 'int32'], kv: [2, 'KeyValue'] },
	WatchResponse: {
		...{ header: [1, 'ResponseHeader'], created: [3, 'bool'], canceled: [4, 'bool'], compactRevision: [5, 'int64'] },
		...{ cancelReason: [6, 'string'], fragment: [7, 'bool'], events: [11, 'Event[]'] },
	},
	AuthenticateRequest: { name: [1, 'string'], password: [2, 'string'] },
	AuthenticateResponse: { token: [2, 'string'] },
	LeaseGrantRequest: { TTL: [1, 'int64'] },
	LeaseGrantResponse: { ID: [2, 'int64'] },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>;

type MessageName = keyof typeof messages;

interface Header {
	readonly clusterId: bigint;
	/** Of all of etcd, counted up by each change. */
	readonly revision: bigint;
}

export interface KeyValue {
	readonly key: Uint8Array;
	readonly modRevision: bigint;
	readonly value: Uint8Array;
}

/** What is answered, by the name of the message. */
export interface Answers {
	readonly RangeResponse: {
		readonly header: Header;
		readonly kvs: readonly KeyValue[];
		readonly more: boolean;
		readonly count: bigint;
	};
	readonly TxnResponse: { readonly header: Header; readonly succeeded: boolean };
	readonly WatchResponse: {
		readonly header: Header;
		readonly created: boolean;
		readonly canceled: boolean;
		readonly compactRevision: bigint;
		readonly cancelReason: string;
		readonly fragment: boolean;
		readonly events: readonly { readonly type: number; readonly kv: KeyValue }[];
	};
	readonly AuthenticateResponse: { readonly token: string };
	readonly LeaseGrantResponse: { readonly ID: bigint };
}

export interface EtcdCodec {
	readonly encode: (name: MessageName, value: Readonly<Record<string, unknown>>) => Buffer;
	readonly decode: <N extends keyof Answers>(name: N, bytes: Uint8Array) => Answers[N];
}

export function createEtcdCodec(): EtcdCodec {
	const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [descriptor()] }));
	const of = (name: MessageName): DescMessage => {
		const found = registry.getMessage(`${PACKAGE}.${name}`);
		if (found === undefined) throw new Error(`etcd has no message ${name}`);
		return found;
	};
	return {
		encode: (name, value) => Buffer.from(toBinary(of(name), create(of(name), value as MessageInitShape<DescMessage>))),
		decode: <N extends keyof Answers>(name: N, bytes: Uint8Array) =>
			whole(name, fromBinary(of(name), bytes, { readUnknownFields: false })) as Answers[N],
	};
}

const PACKAGE = 'etcdserverpb';

/** A header that is missing would be an answer of something else than etcd. */
function whole(name: MessageName, message: Message): unknown {
	if ('header' in messages[name] && !('header' in message && message.header !== undefined))
		throw new Error(`the answer is no ${name} of etcd`);
	return message;
}

function descriptor(): MessageInitShape<typeof FileDescriptorProtoSchema> {
	return {
		...{ name: 'etcd.proto', package: PACKAGE, syntax: 'proto3' },
		messageType: Object.entries(messages).map(([name, fields]) => ({
			name,
			field: Object.entries(fields).map(([field, [number, type]]) => fieldOf(field, number, type)),
		})),
	};
}

const scalars: Readonly<Record<string, FieldDescriptorProto_Type>> = {
	...{ bool: FieldDescriptorProto_Type.BOOL, bytes: FieldDescriptorProto_Type.BYTES },
	...{ int32: FieldDescriptorProto_Type.INT32, int64: FieldDescriptorProto_Type.INT64 },
	...{ uint64: FieldDescriptorProto_Type.UINT64, string: FieldDescriptorProto_Type.STRING },
};

function fieldOf(name: string, number: number, written: string) {
	const type = written.replace('[]', '');
	const scalar = scalars[type];
	return {
		...{ name, number, jsonName: name },
		label: written === type ? FieldDescriptorProto_Label.OPTIONAL : FieldDescriptorProto_Label.REPEATED,
		...(scalar === undefined
			? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${PACKAGE}.${type}` }
			: { type: scalar }),
	};
}
