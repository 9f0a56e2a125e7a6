// Acts on import: the server of dns-peer.ts. Each line of standard input is an order, each line of standard output its answer;
// both are JSON with an id.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import type { DnsOrder, DnsRecord } from './dns-peer.ts';

const known = new Map<string, DnsRecord>();
const silent = new Set<string>();

const HEADER = 12;
const TYPES = { A: 1, AAAA: 28 } as const;
const NO_SUCH_NAME = 3;

/** RFC 1035, 4.1.2: labels, each after its length, then the type and the class. */
function questionOf(packet: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
	const labels: string[] = [];
	let at = HEADER;
	for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
		labels.push(packet.toString('latin1', at + 1, at + 1 + length));
		at += 1 + length;
	}
	return { name: labels.join('.').toLowerCase(), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

function bytesOf(address: string): Buffer {
	if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
	const [head = '', tail = ''] = address.split('::');
	const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
	const [first, last] = [groups(head), groups(tail)];
	const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
	return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** RFC 1035, 4.1.3, the name as a pointer to that of the question. */
function recordOf(address: string, ttlSeconds: number): Buffer {
	const data = bytesOf(address);
	const head = Buffer.alloc(12);
	head.writeUInt16BE(0xc000 | HEADER, 0);
	head.writeUInt16BE(isIPv6(address) ? TYPES.AAAA : TYPES.A, 2);
	head.writeUInt16BE(1, 4);
	head.writeUInt32BE(ttlSeconds, 6);
	head.writeUInt16BE(data.length, 10);
	return Buffer.concat([head, data]);
}

function answerTo(packet: Buffer): Buffer | undefined {
	const { name, type, end } = questionOf(packet);
	if (known.size === 0 || silent.has(name)) return undefined;
	const record = known.get(name);
	const own = (record?.addresses ?? []).filter((address) => (isIPv6(address) ? TYPES.AAAA : TYPES.A) === type);
	const head = Buffer.alloc(HEADER);
	head.writeUInt16BE(packet.readUInt16BE(0), 0);
	head.writeUInt16BE(0x8580 | (record === undefined ? NO_SUCH_NAME : 0), 2);
	head.writeUInt16BE(1, 4);
	head.writeUInt16BE(own.length, 6);
	const records = own.map((address) => recordOf(address, record?.ttlSeconds ?? 0));
	return Buffer.concat([head, packet.subarray(HEADER, end), ...records]);
}

const orders: { readonly [K in DnsOrder['kind']]: (order: Extract<DnsOrder, { readonly kind: K }>) => unknown } = {
	listen: ({ address }) =>
		new Promise((resolve, reject) => {
			const socket = createSocket('udp4');
			socket.on('error', reject);
			socket.on('message', (packet, from) => {
				const answer = answerTo(packet);
				if (answer !== undefined) socket.send(answer, from.port, from.address);
			});
			socket.bind(53, address, () => resolve(null));
		}),
	know: ({ name, addresses, ttlSeconds }) => known.set(name, { addresses, ttlSeconds }).size,
	silence: ({ name }) => silent.add(name).size,
};

for await (const line of createInterface({ input: process.stdin })) {
	const order = JSON.parse(line) as DnsOrder;
	const result = await (orders[order.kind] as (order: DnsOrder) => unknown)(order);
	process.stdout.write(`${JSON.stringify({ id: order.id, result: result ?? null })}\n`);
}
process.exit();
