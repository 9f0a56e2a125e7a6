import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AdsEvent, createAdsStream } from '../../../src/xds/ads-stream.ts';
import { type EncodedSnapshot, encodeSnapshot } from '../../../src/xds/encoded.ts';
import { named, type Snapshot, typeUrls } from '../../../src/xds/snapshot.ts';
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

function connected(first?: Snapshot, versions = {}) {
	const events: AdsEvent[] = [];
	const queue: (() => void)[] = [];
	const client = createFakeXdsClient((bytes) => void queue.push(() => stream.receive(bytes)));
	const stream = createAdsStream(
		jsonCodec,
		(bytes) => void queue.push(() => client.receive(bytes)),
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
	return { client, events, push, stream, settle };
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
	const bytesOf = (value: object) => new TextEncoder().encode(JSON.stringify(value));
	const stream = createAdsStream(
		jsonCodec,
		(bytes) => void sent.push(JSON.parse(new TextDecoder().decode(bytes))),
		() => undefined,
	);
	const ask = (typeUrl: string, resourceNames: readonly string[], responseNonce = '') =>
		stream.receive(bytesOf({ typeUrl, versionInfo: '', responseNonce, resourceNames }));
	stream.update(encodeSnapshot(snapshotOf({ 80: ['blue'] }), jsonCodec));
	ask(typeUrls.eds, ['local_cluster']);
	ask(typeUrls.cds, []);
	ask(typeUrls.lds, []);
	ask(typeUrls.cds, [], sent.find(({ typeUrl }) => typeUrl === typeUrls.cds)?.nonce);
	assert.ok(sent.some(({ typeUrl }) => typeUrl === typeUrls.lds));
});
