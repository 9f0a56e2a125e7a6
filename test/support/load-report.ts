// Envoy's load reports as bytes (envoy/service/load_stats/v3/lrs.proto).
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface Load {
	readonly issued?: number;
	readonly succeeded?: number;
	readonly failed?: number;
	readonly seconds?: number;
}

/** A field that is a message, or text. */
export const part = (field: number, bytes: Uint8Array | string): Uint8Array =>
	new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(Buffer.from(bytes)).finish();

export const count = (field: number, value: number | bigint): Uint8Array =>
	new BinaryWriter()
		.tag(field, WireType.Varint)
		.uint64(BigInt.asUintN(64, BigInt(value)))
		.finish();

/** With all that Envoy says beside what is asked for: its locality, priority and endpoints; the requests are in two localities. */
export function clusterStats(
	name: string,
	{ issued = 0, succeeded = 0, failed = 0, seconds = 10 }: Load = {},
): Uint8Array {
	const whole = Math.floor(seconds);
	const first = [part(1, part(1, 'eu')), count(2, succeeded), count(3, 7), count(6, 0), count(8, issued)];
	const second = [count(4, failed), part(7, count(2, 99))];
	const interval = [count(1, whole), count(2, Math.round((seconds - whole) * 1e9))];
	return Buffer.concat([
		...[part(1, name), part(2, Buffer.concat(first)), part(2, Buffer.concat(second)), count(3, 5)],
		...[part(4, Buffer.concat(interval)), part(6, 'service')],
	]);
}

/** `node`: undefined leaves it out. */
export const loadReport = (node: string | undefined, clusters: Readonly<Record<string, Load>> = {}): Uint8Array =>
	Buffer.concat([
		...(node === undefined ? [] : [part(1, Buffer.concat([part(2, 'cluster'), part(1, node), part(9, part(1, 'x'))]))]),
		...Object.entries(clusters).map(([name, load]) => part(2, clusterStats(name, load))),
	]);
