// Acts on import: many Envoys without Envoy, each with a connection of its own by mutual TLS (Envoy's xDS protocol, state of the world).
// Arguments: uid, gid. Each line of standard input is an order, each line of standard output its answer; both are JSON with an id.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { createInterface } from 'node:readline';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { AdsGroup, AdsOrder } from './ads-clients.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const LOAD_METHOD = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
const API = 'type.googleapis.com/envoy.config.';
const [CDS, LDS, RDS] = [`${API}cluster.v3.Cluster`, `${API}listener.v3.Listener`, `${API}route.v3.RouteConfiguration`];

interface Client {
	readonly session: ClientHttp2Session;
	readonly stream: ClientHttp2Stream;
	readonly routes: readonly string[];
	/** Kinds that it has acknowledged, and how often. */
	readonly acks: Map<string, number>;
	pending: Buffer;
	readonly node: string;
	/** Of load reports. */
	reports: ClientHttp2Stream | undefined;
}

const clients = new Set<Client>();
let responses = 0;
let ended = '';
let onAck: () => void = () => undefined;
let onEnd: () => void = () => undefined;

/** Of protobuf: a field of the wire type LEN. */
function field(number: number, value: string | Buffer): Buffer {
	const bytes = Buffer.from(value);
	const head = [(number << 3) | 2];
	let left = bytes.length;
	for (; left > 0x7f; left >>>= 7) head.push((left & 0x7f) | 0x80);
	return Buffer.concat([Buffer.from([...head, left]), bytes]);
}

interface Response {
	readonly version: string;
	readonly typeUrl: string;
	readonly nonce: string;
}

/** Of protobuf: a number, and where what follows it begins. */
function varint(bytes: Buffer, at: number): readonly [value: number, next: number] {
	let [value, next] = [0, at];
	for (let shift = 0; ; shift += 7) {
		const byte = bytes[next] ?? 0;
		next += 1;
		value |= (byte & 0x7f) << shift;
		if (byte < 0x80) return [value, next];
	}
}

/** DiscoveryResponse: all that an answer needs. */
function parse(bytes: Buffer): Response {
	const found: Record<number, string> = {};
	for (let at = 0; at < bytes.length; ) {
		const number = (bytes[at] ?? 0) >>> 3;
		const [length, from] = varint(bytes, at + 1);
		at = from + length;
		// Resources are not looked at.
		if (number !== 2) found[number] = bytes.toString('utf8', from, at);
	}
	return { version: found[1] ?? '', typeUrl: found[4] ?? '', nonce: found[5] ?? '' };
}

const send = ({ stream }: Client, parts: readonly Buffer[]): void => write(stream, parts);

function write(stream: ClientHttp2Stream, parts: readonly Buffer[]): void {
	const message = Buffer.concat(parts);
	const head = Buffer.alloc(5);
	head.writeUInt32BE(message.length, 1);
	stream.write(Buffer.concat([head, message]));
}

function take(client: Client, { version, typeUrl, nonce }: Response): void {
	responses += 1;
	const names = typeUrl === RDS ? client.routes.map((name) => field(3, name)) : [];
	send(client, [field(1, version), ...names, field(4, typeUrl), field(5, nonce)]);
	const isFirst = !client.acks.has(typeUrl);
	client.acks.set(typeUrl, (client.acks.get(typeUrl) ?? 0) + 1);
	if (typeUrl === LDS && isFirst && client.routes.length > 0)
		send(client, [...client.routes.map((name) => field(3, name)), field(4, RDS)]);
	onAck();
}

function read(client: Client, part: Buffer): void {
	client.pending = client.pending.length === 0 ? part : Buffer.concat([client.pending, part]);
	while (client.pending.length >= 5) {
		const end = 5 + client.pending.readUInt32BE(1);
		if (client.pending.length < end) return;
		take(client, parse(client.pending.subarray(5, end)));
		client.pending = client.pending.subarray(end);
	}
}

function open(
	target: string,
	{ node, routes, ca, headers = {}, path = METHOD }: AdsGroup,
	secureContext: SecureContext,
): void {
	const session = connect(target, { secureContext, ca, ALPNProtocols: ['h2'] });
	session.on('error', (error) => {
		ended = error.message;
	});
	const stream = session.request(
		{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
		{ endStream: false },
	);
	const client: Client = {
		session,
		stream,
		routes,
		acks: new Map(),
		pending: Buffer.alloc(0),
		node,
		reports: undefined,
	};
	clients.add(client);
	stream.on('data', (part: Buffer) => read(client, part));
	const note = ({ 'grpc-status': status, 'grpc-message': why }: IncomingHttpHeaders) => {
		if (status !== undefined) ended = `${status}: ${decodeURI(String(why))}`;
	};
	// One that is refused at once has its status in the headers.
	stream.on('response', note);
	stream.on('trailers', note);
	stream.on('end', () => stream.close());
	stream.on('error', (error) => {
		ended = error.message;
	});
	stream.on('close', () => {
		clients.delete(client);
		onEnd();
	});
	const own = field(path === METHOD ? 2 : 1, Buffer.concat([field(1, node), EXTENSIONS]));
	send(client, [own, field(4, CDS)]);
	send(client, [field(4, LDS)]);
}

/** Resolves with the time once it holds for each client; rejects with the reason where one is ended. */
function until(isThere: (client: Client) => boolean): Promise<number> {
	return new Promise((resolve, reject) => {
		onEnd = () => reject(new Error(ended));
		onAck = () => {
			if (![...clients].every(isThere)) return;
			onAck = () => undefined;
			onEnd = () => undefined;
			resolve(Date.now());
		};
		onAck();
	});
}

async function connectAll(target: string, groups: readonly AdsGroup[]): Promise<number> {
	const startedMs = Date.now();
	for (const group of groups) {
		const secureContext = createSecureContext(group);
		for (let at = 0; at < group.count; at += 1) {
			open(target, group, secureContext);
			// All handshakes at once would only wait in a queue.
			if (at % 20 === 19) await until((client) => client.acks.has(LDS));
		}
	}
	return (
		(await until(({ acks, routes }) => acks.has(CDS) && acks.has(LDS) && (routes.length === 0 || acks.has(RDS)))) -
		startedMs
	);
}

/** As much as Envoy 1.40 says of itself, with its first request and with each report. */
const EXTENSION = field(9, Buffer.concat([field(1, 'x'.repeat(48)), field(2, 'y'.repeat(48))]));
const EXTENSIONS = Buffer.concat(Array.from({ length: 600 }, () => EXTENSION));
/** A number below 128. */
const small = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);

/** LoadStatsRequest: ClusterStats of one locality for each cluster. */
function loadOf(clusters: readonly string[], requests: number): readonly Buffer[] {
	const locality = Buffer.concat([small(2, requests), small(8, requests)]);
	return clusters.map((name) => field(2, Buffer.concat([field(1, name), field(2, locality), field(4, small(1, 10))])));
}

async function reportAll({ clusters, requests, overMs }: Extract<AdsOrder, { kind: 'report' }>): Promise<void> {
	const load = loadOf(clusters, requests);
	for (const client of clients) {
		const node = field(1, Buffer.concat([field(1, client.node), EXTENSIONS]));
		if (client.reports === undefined) {
			const { session } = client;
			client.reports = session.request(
				{
					...{ ':method': 'POST', ':path': LOAD_METHOD, 'content-type': 'application/grpc', te: 'trailers' },
				},
				{ endStream: false },
			);
			client.reports.on('error', () => undefined).resume();
			write(client.reports, [node]);
		}
		write(client.reports, [node, ...load]);
		await new Promise((resolve) => setTimeout(resolve, overMs / clients.size));
	}
}

/** The answer comes in two parts: at once that it counts from now on, and later when all have it. */
let awaited: Promise<number> | undefined;

function expectRoutes(): void {
	const wanted = new Map([...clients].map((client) => [client, (client.acks.get(RDS) ?? 0) + 1]));
	awaited = until((client) => (client.acks.get(RDS) ?? 0) >= (wanted.get(client) ?? 1));
}

async function obey(order: AdsOrder): Promise<unknown> {
	switch (order.kind) {
		case 'connect':
			return connectAll(order.target, order.groups);
		case 'expect':
			return expectRoutes();
		case 'await':
			return awaited;
		case 'report':
			return reportAll(order);
		case 'counts':
			return { connected: clients.size, responses, ended };
	}
}

createInterface({ input: process.stdin }).on('line', async (line) => {
	const order = JSON.parse(line) as AdsOrder;
	const outcome = await obey(order).then(
		(result) => ({ result: result ?? null }),
		(error) => ({ error: String(error) }),
	);
	process.stdout.write(`${JSON.stringify({ id: order.id, ...outcome })}\n`);
});
