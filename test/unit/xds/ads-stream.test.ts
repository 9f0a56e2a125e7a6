import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AdsEvent, createAdsStream } from '../../../src/xds/ads-stream.ts';
import { type EncodedSnapshot, encodeSnapshot } from '../../../src/xds/encoded.ts';
import { named, type Snapshot, typeUrls } from '../../../src/xds/snapshot.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createFakeXdsClient, jsonCodec } from '../../support/fake-xds-client.ts';

/** A listener for each port, with routes to clusters. */
function snapshotOf(ports: Readonly<Record<string, readonly string[]>>): Snapshot {
	const clusters = [...new Set(Object.values(ports).flat())];
	const names = Object.keys(ports);
	return {
		cds: named(
			'cds',
			clusters.map((name) => ({ name, type: 'STATIC' })),
		),
		eds: {},
		lds: named('lds', [{ name: 'egress', chains: names.map((port) => ({ routeConfigName: port })) }]),
		rds: named(
			'rds',
			names.map((name) => ({ name, routes: (ports[name] ?? []).map((cluster) => ({ cluster })) })),
		),
	};
}

const request = {
	...{ versionInfo: '', responseNonce: '', resourceNames: [] },
	...{ error: undefined, nodeId: 'mesh/m/virtualNode/n' },
};

/** `drainMs`: how long clusters that are gone stay. */
function connected(first?: Snapshot, versions = {}, drainMs = 0) {
	const clock = createFakeClock();
	const events: AdsEvent[] = [];
	const queue: (() => void)[] = [];
	const client = createFakeXdsClient((bytes) => void queue.push(() => stream.receive(jsonCodec.decodeRequest(bytes))));
	const stream = createAdsStream(
		{ codec: jsonCodec, clock, drainMs },
		(bytes) => queue.push(() => client.receive(bytes)) > 0,
		(event) => void events.push(event),
	);
	let last: EncodedSnapshot | undefined;
	const settle = () => {
		for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
	};
	const push = (snapshot: Snapshot) => {
		last = encodeSnapshot(snapshot, jsonCodec, last);
		stream.update(last);
		settle();
		return last;
	};
	if (first !== undefined) {
		last = encodeSnapshot(first, jsonCodec);
		stream.update(last);
	}
	client.connect(versions);
	settle();
	return { client, events, push, stream, settle, clock };
}

const kindsOf = (events: readonly AdsEvent[]) => events.map(({ kind }) => kind);

test('an Envoy that connects gets all that its node has, and then it is told that it has accepted it', () => {
	const { client, events } = connected(snapshotOf({ 80: ['blue', 'green'] }));
	assert.deepEqual(client.names('cds'), ['blue', 'green']);
	assert.deepEqual(client.names('rds'), ['80']);
	assert.deepEqual(kindsOf(events), ['connected', 'accepted']);
});

test('a cluster goes only after the routes that referred to it, and comes before those that do', () => {
	const { client, events, push } = connected(snapshotOf({ 80: ['blue'] }));
	client.responses.length = 0;
	push(snapshotOf({ 80: ['green'] }));
	assert.deepEqual(client.responses, ['cds 2', 'rds 1', 'cds 1']);
	assert.deepEqual(client.names('cds'), ['green']);
	assert.deepEqual([...client.missing], []);
	assert.deepEqual(kindsOf(events), ['connected', 'accepted', 'accepted']);
});

test('a change of weights sends routes and nothing else', () => {
	const { client, push } = connected(snapshotOf({ 80: ['blue', 'green'] }));
	client.responses.length = 0;
	push(snapshotOf({ 80: ['blue', 'green', 'blue'] }));
	assert.deepEqual(client.responses, ['rds 1']);
	push(snapshotOf({ 80: ['blue', 'green', 'blue'] }));
	assert.deepEqual(client.responses, ['rds 1'], 'what has not changed is not sent again');
});

test('an Envoy that has it from a former daemon is sent nothing', () => {
	const snapshot = snapshotOf({ 80: ['blue'] });
	const { client } = connected(snapshot);
	const again = connected(snapshot, client.versions);
	assert.deepEqual(again.client.responses, []);
	assert.deepEqual(kindsOf(again.events), ['connected', 'accepted']);
});

test('what Envoy rejects is told with its reason, and goes back to what it had accepted', () => {
	const { client, events, push, stream, settle } = connected();
	const good = push(snapshotOf({ 80: ['blue'] }));
	client.judge = (kind, names) => (kind === 'cds' && names.includes('bad') ? 'no such thing' : undefined);
	push(snapshotOf({ 80: ['bad'] }));
	assert.partialDeepStrictEqual(events.at(-1), { kind: 'rejected', of: 'cds', why: 'no such thing' });
	assert.deepEqual(client.names('rds'), ['80']);
	stream.update(good);
	settle();
	assert.deepEqual(client.names('cds'), ['blue']);
	assert.equal(events.at(-1)?.kind, 'accepted');
	push(snapshotOf({ 80: ['green'] }));
	assert.deepEqual(client.names('cds'), ['green']);
	assert.deepEqual([...client.missing], []);
});

test('whatever changes follow one another, nothing ever refers to a cluster that is not there', () => {
	const cluster = fc.constantFrom('a', 'b', 'c', 'd');
	const ports = fc.dictionary(
		fc.constantFrom('80', '81', '82'),
		fc.uniqueArray(cluster, { minLength: 1, maxLength: 3 }),
	);
	fc.assert(
		fc.property(fc.array(ports, { minLength: 1, maxLength: 8 }), (all) => {
			const { client, events, push } = connected();
			for (const each of all) push(snapshotOf(each));
			assert.deepEqual([...client.missing], []);
			assert.equal(events.at(-1)?.kind, 'accepted');
			assert.deepEqual(client.names('cds'), [...new Set(Object.values(all.at(-1) ?? {}).flat())].sort());
		}),
	);
});

test('an Envoy that asks for endpoints of a cluster of its own, and never says more of it, gets all of its configuration', () => {
	const sent: { readonly typeUrl: string; readonly nonce: string }[] = [];
	const stream = createAdsStream(
		{ codec: jsonCodec, clock: createFakeClock(), drainMs: 0 },
		(bytes) => sent.push(JSON.parse(new TextDecoder().decode(bytes))) > 0,
		() => undefined,
	);
	const ask = (typeUrl: string, resourceNames: readonly string[], responseNonce = '') =>
		stream.receive({ ...request, typeUrl, responseNonce, resourceNames });
	stream.update(encodeSnapshot(snapshotOf({ 80: ['blue'] }), jsonCodec));
	ask(typeUrls.eds, ['local_cluster']);
	ask(typeUrls.cds, []);
	ask(typeUrls.lds, []);
	ask(typeUrls.cds, [], sent.find(({ typeUrl }) => typeUrl === typeUrls.cds)?.nonce);
	assert.ok(sent.some(({ typeUrl }) => typeUrl === typeUrls.lds));
});

test('a cluster that is gone stays while Envoy drains the connections that use it, and what comes back in that time stays', async () => {
	const { client, events, push, clock, settle } = connected(snapshotOf({ 80: ['blue'], 81: ['red'] }), {}, 20_000);
	const advance = async (ms: number) => {
		await clock.advance(ms);
		settle();
	};
	push(snapshotOf({ 80: ['green'] }));
	assert.equal(events.at(-1)?.kind, 'accepted', 'nobody waits for it');
	assert.deepEqual(client.names('cds'), ['blue', 'green', 'red']);
	await advance(10_000);
	push(snapshotOf({ 80: ['red'] }));
	await advance(11_000);
	assert.deepEqual(client.names('cds'), ['green', 'red'], 'blue has had its time');
	await advance(10_000);
	assert.deepEqual(client.names('cds'), ['red']);
	assert.equal(clock.timers(), 0);
});

test('an Envoy that connects again while clusters that are gone are still there is sent nothing, and loses them later', async () => {
	const before = connected(snapshotOf({ 80: ['blue'] }), {}, 20_000);
	const last = snapshotOf({ 80: ['green'] });
	before.push(last);
	assert.deepEqual(before.client.names('cds'), ['blue', 'green']);
	const { client, events, clock, settle } = connected(last, before.client.versions, 20_000);
	assert.deepEqual(client.responses, []);
	assert.deepEqual(kindsOf(events), ['connected', 'accepted']);
	await clock.advance(20_000);
	settle();
	assert.deepEqual(client.responses, ['cds 1']);
	await clock.advance(60_000);
	settle();
	assert.deepEqual([client.responses, clock.timers()], [['cds 1'], 0]);
});

test('a stream that has ended leaves no timer', () => {
	const { push, stream, clock } = connected(snapshotOf({ 80: ['blue'] }), {}, 20_000);
	push(snapshotOf({ 80: ['green'] }));
	assert.equal(clock.timers(), 1);
	stream.close();
	assert.equal(clock.timers(), 0);
});

test('an Envoy that reads slowly is sent nothing more until it has read, and then only what is wanted by then', () => {
	const sent: string[] = [];
	const stream = createAdsStream(
		{ codec: jsonCodec, clock: createFakeClock(), drainMs: 0 },
		(bytes) => {
			sent.push(new TextDecoder().decode(bytes));
			return false;
		},
		() => undefined,
	);
	stream.receive({ ...request, typeUrl: typeUrls.cds });
	for (const name of ['blue', 'green', 'red']) stream.update(encodeSnapshot(snapshotOf({ 80: [name] }), jsonCodec));
	assert.equal(sent.length, 1);
	stream.drained();
	assert.equal(sent.length, 2);
	assert.match(sent[1] ?? '', /"red"/);
	assert.doesNotMatch(sent[1] ?? '', /"green"/);
});

test('whoever does not say which node it is gets nothing', () => {
	const { client, stream } = connected();
	const anonymous = createAdsStream(
		{ codec: jsonCodec, clock: createFakeClock(), drainMs: 0 },
		() => assert.fail('nothing is sent'),
		() => undefined,
	);
	anonymous.update(encodeSnapshot(snapshotOf({ 80: ['blue'] }), jsonCodec));
	const nameless = { ...request, nodeId: undefined, typeUrl: typeUrls.cds };
	assert.throws(() => anonymous.receive(nameless), /its first request names no node/);
	// Later requests of a stream need not repeat it.
	stream.receive(nameless);
	assert.deepEqual(client.names('cds'), []);
});

test('an answer to a response that another one has followed counts for nothing', () => {
	const sent: { readonly typeUrl: string; readonly nonce: string }[] = [];
	const stream = createAdsStream(
		{ codec: jsonCodec, clock: createFakeClock(), drainMs: 0 },
		(bytes) => sent.push(JSON.parse(new TextDecoder().decode(bytes))) > 0,
		() => undefined,
	);
	const ask = (typeUrl: string, responseNonce = '') => stream.receive({ ...request, typeUrl, responseNonce });
	ask(typeUrls.cds);
	ask(typeUrls.lds);
	for (const cluster of ['blue', 'green']) stream.update(encodeSnapshot(snapshotOf({ 80: [cluster] }), jsonCodec));
	const [first, second] = sent.filter(({ typeUrl }) => typeUrl === typeUrls.cds);
	const listeners = () => sent.filter(({ typeUrl }) => typeUrl === typeUrls.lds).length;
	ask(typeUrls.cds, first?.nonce);
	assert.equal(listeners(), 0);
	ask(typeUrls.cds, second?.nonce);
	assert.equal(listeners(), 1);
});
