// Envoy's load reports, and what only looks like one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { loadCodec } from '../../../src/host/ads/load-codec.ts';
import { clusterStats, count, loadReport, part } from '../../support/load-report.ts';

const { encodeResponse, decodeNodeId, decodeClusters } = loadCodec;
const NODE = 'mesh/shop/virtualNode/a';

test('of a report the node and the requests to each cluster are read, over all localities', () => {
	const bytes = loadReport(NODE, {
		a: { issued: 30, succeeded: 20, failed: 5, seconds: 10.25 },
		'with ü': { seconds: 1 },
	});
	assert.equal(decodeNodeId(bytes), NODE);
	assert.deepEqual(
		[...decodeClusters(bytes)],
		[
			{ cluster: 'a', issued: 30, succeeded: 20, failed: 5, seconds: 10.25 },
			{ cluster: 'with ü', issued: 0, succeeded: 0, failed: 0, seconds: 1 },
		],
	);
});

test('one that says who it is, and no more', () => {
	assert.deepEqual([...decodeClusters(loadReport(NODE))], []);
	assert.equal(decodeNodeId(loadReport(undefined, { a: {} })), undefined);
	assert.equal(decodeNodeId(Buffer.alloc(0)), undefined);
});

test('all clusters are asked for, with the interval', () => {
	// LoadStatsResponse: load_reporting_interval (2) of 10 s, send_all_clusters (4).
	assert.equal(Buffer.from(encodeResponse(10)).toString('hex'), '1202080a2001');
});

test('what is no report is refused', () => {
	const whole = loadReport(NODE, { a: { issued: 3 } });
	const locality = (...fields: readonly Uint8Array[]) => part(2, part(2, Buffer.concat(fields)));
	const refused: readonly (readonly [what: string, bytes: Uint8Array])[] = [
		['cut off', whole.subarray(0, -3)],
		['text', Buffer.from('GET / HTTP/1.1')],
		['clusters that are a number', count(2, 5)],
		['a name that is a number', part(2, count(1, 5))],
		['localities that are a number', part(2, count(2, 5))],
		['an interval that is a number', part(2, count(4, 5))],
		['a count that is text', locality(part(8, 'many'))],
		['a count that is no safe number', locality(count(8, 2n ** 53n))],
		['a negative count', locality(count(2, -1n))],
		['a negative interval', part(2, part(4, count(1, -10n)))],
		['a count as a double', locality(new BinaryWriter().tag(4, WireType.Bit64).double(1).finish())],
		['more than a megabyte', Buffer.concat([whole, part(9, Buffer.alloc(1024 * 1024))])],
	];
	for (const [what, bytes] of refused)
		assert.throws(() => [...decodeClusters(bytes)], { name: 'Failure', message: /^it sent no load report/ }, what);
	assert.throws(() => decodeNodeId(count(1, 5)), { message: 'it sent no load report that can be read' });
	assert.throws(() => decodeNodeId(part(1, count(1, 5))), { message: 'it sent no load report that can be read' });
	assert.equal([...decodeClusters(part(2, clusterStats('a', { issued: Number.MAX_SAFE_INTEGER })))].length, 1);
});
