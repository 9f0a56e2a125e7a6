import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	DST_NAT,
	has,
	isTerminated,
	ORIGINAL,
	PROTOINFO,
	PROTOINFO_TCP,
	PROTOINFO_TCP_STATE,
	parseEntry,
	questionAbout,
	REPLY,
	SRC_NAT,
	type Tuple,
	tupleOf,
} from '../../../src/host/conntrack/entry.ts';
import { formatAttribute } from '../../../src/host/netlink/attributes.ts';
import { showAddress } from '../../../src/values/cidr.ts';
import { conntrack } from './recorded-netlink.ts';

type Recorded = keyof typeof conntrack;

const entryOf = (name: Recorded) => parseEntry(Buffer.from(conntrack[name], 'base64'));

function shown(tuple: Tuple | undefined): string {
	if (tuple === undefined) return '';
	const address = (bytes: Buffer) => showAddress(bytes.length === 4 ? 'ipv4' : 'ipv6', [...bytes]);
	return `${address(tuple.from)} ${tuple.fromPort} > ${address(tuple.to)} ${tuple.toPort}`;
}

const directions: Readonly<Record<Recorded, readonly [original: string, reply: string]>> = {
	TCP: ['127.0.0.1 40002 > 127.0.0.2 8080', '127.0.0.2 8080 > 127.0.0.1 40002'],
	'TCP over IPv6': ['::1 40004 > ::1 8080', '::1 8080 > ::1 40004'],
	'TCP that is redirected': ['127.0.0.1 40001 > 127.0.0.1 80', '127.0.0.1 15001 > 127.0.0.1 40001'],
	'TCP that has ended': ['127.0.0.1 40003 > 127.0.0.3 8080', '127.0.0.3 8080 > 127.0.0.1 40003'],
	UDP: ['', ''],
};

for (const [name, [original, reply]] of Object.entries(directions))
	test(`both directions of ${name}`, () => {
		const entry = entryOf(name as Recorded);
		assert.equal(shown(tupleOf(entry, ORIGINAL)), original);
		assert.equal(shown(tupleOf(entry, REPLY)), reply);
	});

test('a redirected connection has its destination translated, and the others have not', () => {
	const translated = Object.keys(directions).filter((name) => has(entryOf(name as Recorded), DST_NAT));
	assert.deepEqual(translated, ['TCP that is redirected']);
	for (const name of Object.keys(directions)) assert.ok(!has(entryOf(name as Recorded), SRC_NAT), name);
});

test('a connection has terminated once the kernel has seen its end', () => {
	const terminated = Object.keys(directions).filter((name) => isTerminated(entryOf(name as Recorded)));
	assert.deepEqual(terminated, ['TCP that has ended']);
});

test('of the states of TCP only TIME_WAIT and CLOSE are an end', () => {
	const inState = (state: number) =>
		parseEntry(
			Buffer.concat([
				Buffer.from([2, 0, 0, 0]),
				formatAttribute([PROTOINFO, [[PROTOINFO_TCP, [[PROTOINFO_TCP_STATE, Buffer.from([state])]]]]]),
			]),
		);
	const states = Array.from({ length: 11 }, (_, state) => state);
	assert.deepEqual(
		states.filter((state) => isTerminated(inState(state))),
		[7, 8],
	);
});

test('a question names a connection in the bytes that the kernel itself uses', () => {
	for (const name of ['TCP', 'TCP over IPv6'] as const) {
		const tuple = tupleOf(entryOf(name), ORIGINAL);
		assert.ok(tuple !== undefined);
		const asked = parseEntry(questionAbout(tuple));
		assert.equal(asked.family, entryOf(name).family);
		assert.deepEqual(asked.attributes.get(ORIGINAL), entryOf(name).attributes.get(ORIGINAL));
	}
});

test('an empty answer is of no connection', () => {
	const nothing = parseEntry(Buffer.alloc(0));
	assert.deepEqual([tupleOf(nothing, REPLY), has(nothing, DST_NAT), isTerminated(nothing)], [undefined, false, false]);
});
