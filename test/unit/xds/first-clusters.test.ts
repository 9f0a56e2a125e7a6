import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSnapshot } from '../../../src/xds/encoded.ts';
import { letFirstStart } from '../../../src/xds/first-clusters.ts';
import type { Snapshot } from '../../../src/xds/snapshot.ts';
import { jsonCodec } from '../../support/fake-xds-client.ts';

const snapshotOf = (clusters: Readonly<Record<string, string>>): Snapshot => ({
	cds: Object.fromEntries(
		Object.entries(clusters).map(([name, host]) => [name, { name, type: host === '' ? 'STATIC' : 'STRICT_DNS', host }]),
	),
	...{ eds: {}, lds: {}, rds: {} },
});

const unawaited = ({ cds }: Snapshot) => Object.keys(cds).filter((name) => cds[name]?.['waitForWarmOnInit'] === false);

test('the names of a first snapshot are not waited for; those that come later, or change, are', () => {
	const first = letFirstStart(snapshotOf({ app: '', b: 'b.local', c: 'c.local' }), undefined);
	assert.deepEqual(unawaited(first), ['b', 'c']);
	const before = encodeSnapshot(first, jsonCodec);
	const next = letFirstStart(snapshotOf({ app: '', b: 'b.local', c: 'other.local', d: 'd.local' }), before);
	assert.deepEqual(unawaited(next), ['b']);
});

test('a cluster of the first snapshot that has not changed is not built anew', () => {
	const before = encodeSnapshot(letFirstStart(snapshotOf({ b: 'b.local' }), undefined), jsonCodec);
	const after = encodeSnapshot(letFirstStart(snapshotOf({ b: 'b.local' }), before), jsonCodec, before);
	assert.equal(after.cds, before.cds);
});
