import { type ChannelCredentials, Client, type ClientOptions, Metadata, type ServiceError } from '@grpc/grpc-js';
import { callAgain } from '../../lib/call-again.ts';
import type { Place } from '../../values/place.ts';
import { isStaleLogin } from './etcd-failure.ts';
import { type Answers, createEtcdCodec, type EtcdCodec } from './etcd-messages.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One member of etcd, over one connection. What it refuses, and an end of the connection, rejects with gRPC's error. */
export interface EtcdConnection extends Disposable {
	readonly range: (request: Fields) => Promise<Answers['RangeResponse']>;
	/** It may be made more than once, and has to be such that it does no harm. */
	readonly transact: (request: Fields) => Promise<Transacted>;
	readonly grantLease: (seconds: number) => Promise<bigint>;
	/** Never resolves: it rejects when etcd ends it, `onAnswer` throws or the signal is aborted. */
	readonly watch: (
		request: Fields,
		onAnswer: (answer: Answers['WatchResponse']) => void,
		signal: AbortSignal,
	) => Promise<never>;
}

export type Transacted = Answers['TxnResponse'] & {
	/** How often it was sent by now: each may have been made. */
	readonly calls: number;
};

export interface Login {
	readonly name: string;
	readonly password: string;
}

export interface EtcdAccess {
	readonly credentials: ChannelCredentials;
	/** Undefined: by the certificate, or nobody. */
	readonly login: Login | undefined;
}

/** How long a member may take to answer. Its own limit of a request is 7 s by default, election included. */
const DEADLINE_MS = 5_000;
/** For one key, which another member is asked for then. */
const QUICK_MS = 2_000;

/**
 * What a member has passed on to a leader that is gone by then is lost without a word, and whoever asked waits for nothing
 * (etcd-io/etcd#5214). A new leader is there within two seconds, by default.
 */
const AGAIN_MS = [500, 700, 1_000, 1_400];

/** What a page of definitions has at most, and more than etcd takes of one by default (--max-request-bytes, 1.5 MiB). */
const LARGEST_BYTES = 64 * 1024 * 1024;

const options: ClientOptions = {
	// etcd hangs up on whoever asks more often than every 5 s (--grpc-keepalive-min-time), or with nothing under way.
	...{ 'grpc.keepalive_time_ms': 6_000, 'grpc.keepalive_timeout_ms': 3_000 },
	'grpc.max_receive_message_length': LARGEST_BYTES,
	// A watch that shares its connection with large answers starves (etcd-io/etcd#15402).
	'grpc.use_local_subchannel_pool': 1,
	// http_proxy is meant for the web.
	'grpc.enable_http_proxy': 0,
	// Retries of gRPC's own would write twice.
	...{ 'grpc.enable_retries': 0, 'grpc.service_config_disable_resolution': 1 },
};

export type Connect = (member: Place) => EtcdConnection;

/** `readAccess`: for each connection anew, as passwords and certificates change. */
export function createConnect(readAccess: () => EtcdAccess, targetOf = byName): Connect {
	const codec = createEtcdCodec();
	return (member) => connect(targetOf(member), readAccess(), codec);
}

/** As gRPC names it (grpc/doc/naming.md). */
const byName = ({ host, port }: Place): string => `dns:${host.includes(':') ? `[${host}]` : host}:${port}`;

function connect(target: string, { credentials, login }: EtcdAccess, codec: EtcdCodec): EtcdConnection {
	const client = new Client(target, credentials, options);
	const own: Own = { client, codec, login, token: undefined };
	return {
		range: (request) => range(own, request),
		transact: (request) => transact(own, request),
		grantLease: (seconds) => grantLease(own, seconds),
		watch: (request, onAnswer, signal) => watch(own, request, onAnswer, signal),
		[Symbol.dispose]: () => client.close(),
	};
}

async function range(own: Own, request: Fields): Promise<Answers['RangeResponse']> {
	const ms = 'rangeEnd' in request ? DEADLINE_MS : QUICK_MS;
	return own.codec.decode('RangeResponse', await call(own, 'range', request, ms));
}

async function transact(own: Own, request: Fields): Promise<Transacted> {
	const { value, calls } = await callAgain(() => call(own, 'transact', request), AGAIN_MS);
	return { ...own.codec.decode('TxnResponse', value), calls };
}

/** One that is granted to nobody goes by itself. */
async function grantLease(own: Own, seconds: number): Promise<bigint> {
	const { value } = await callAgain(() => call(own, 'grantLease', { TTL: BigInt(seconds) }), AGAIN_MS);
	return own.codec.decode('LeaseGrantResponse', value).ID;
}

interface Own {
	readonly client: Client;
	readonly codec: EtcdCodec;
	readonly login: Login | undefined;
	token: Promise<string> | undefined;
}

const methods = {
	range: { path: '/etcdserverpb.KV/Range', asks: 'RangeRequest' },
	transact: { path: '/etcdserverpb.KV/Txn', asks: 'TxnRequest' },
	authenticate: { path: '/etcdserverpb.Auth/Authenticate', asks: 'AuthenticateRequest' },
	grantLease: { path: '/etcdserverpb.Lease/LeaseGrant', asks: 'LeaseGrantRequest' },
} as const;

type Method = keyof typeof methods;

/** A token ends after minutes, and with each change of users and roles: what was refused for it was not done. */
async function call(own: Own, method: Method, request: Fields, ms: number = DEADLINE_MS): Promise<Buffer> {
	const sent = async () => send(own, method, request, { metadata: await withToken(own), ms });
	try {
		return await sent();
	} catch (error) {
		own.token = undefined;
		if (own.login === undefined || !isStaleLogin(error)) throw error;
		return sent();
	}
}

interface How {
	readonly metadata: Metadata;
	readonly ms: number;
}

function send({ client, codec }: Own, method: Method, request: Fields, { metadata, ms }: How): Promise<Buffer> {
	const { path, asks } = methods[method];
	const deadline = { deadline: Date.now() + ms };
	return new Promise((resolve, reject) => {
		const done = (error: ServiceError | null, answer?: Buffer) =>
			error === null && answer !== undefined ? resolve(answer) : reject(error);
		client.makeUnaryRequest(path, asItIs, asItIs, codec.encode(asks, request), metadata, deadline, done);
	});
}

const asItIs = (bytes: Buffer): Buffer => bytes;

async function withToken(own: Own): Promise<Metadata> {
	const metadata = new Metadata();
	// A member that has lost its leader says so, rather than be silent (etcd-io/etcd#8980).
	metadata.set('hasleader', 'true');
	if (own.login === undefined) return metadata;
	own.token ??= logIn(own, own.login);
	metadata.set('token', await own.token);
	return metadata;
}

async function logIn(own: Own, { name, password }: Login): Promise<string> {
	const answer = await send(own, 'authenticate', { name, password }, { metadata: new Metadata(), ms: DEADLINE_MS });
	return own.codec.decode('AuthenticateResponse', answer).token;
}

async function watch(
	own: Own,
	createRequest: Fields,
	onAnswer: (answer: Answers['WatchResponse']) => void,
	signal: AbortSignal,
): Promise<never> {
	const metadata = await withToken(own);
	const stream = own.client.makeBidiStreamRequest('/etcdserverpb.Watch/Watch', asItIs, asItIs, metadata);
	const ended = Promise.withResolvers<never>();
	stream.on('data', (bytes: Buffer) => {
		try {
			onAnswer(own.codec.decode('WatchResponse', bytes));
		} catch (error) {
			ended.reject(error);
		}
	});
	stream.on('error', ended.reject);
	stream.on('end', () => ended.reject(new Error('it has ended the watch')));
	signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true });
	stream.write(own.codec.encode('WatchRequest', { createRequest }));
	return ended.promise.finally(() => stream.cancel());
}
