import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootstrapPath, createBootstraps } from '../../../src/host/envoy/bootstrap-files.ts';
import { createScratch } from '../../lab/net/scratch.ts';

test('a bootstrap is written beside the former one, which is removed once the new one is in use', () => {
	using scratch = createScratch('bootstraps');
	const directory = join(scratch.path, 'not', 'there');
	const bootstraps = createBootstraps(directory);
	const [former, next] = ['{"a":1}', '{"a":2}'].map((text) => ({ [bootstrapPath(directory, text)]: text }));
	assert.ok(former && next);
	bootstraps.keepOnly(former);
	bootstraps.write(former);
	bootstraps.write(next);
	for (const [path, text] of Object.entries({ ...former, ...next })) {
		assert.equal(readFileSync(path, 'utf8'), text);
		assert.equal(statSync(path).mode & 0o777, 0o644, 'readable for whoever Envoy runs as');
	}
	bootstraps.keepOnly(next);
	assert.deepEqual(
		readdirSync(directory).map((name) => join(directory, name)),
		Object.keys(next),
	);
});

test('other files are neither written nor removed, whatever their names', () => {
	using scratch = createScratch('bootstraps');
	const bootstraps = createBootstraps(scratch.path);
	const theirs = ['envoy.json', 'envoy-mine.json', 'state.json', 'envoy-0123456789abcdef.yaml'].sort();
	for (const name of theirs) writeFileSync(join(scratch.path, name), 'theirs');
	const elsewhere = join(scratch.path, 'no', 'envoy-0123456789abcdef.json');
	bootstraps.write({ [join(scratch.path, 'envoy.json')]: 'ours', [elsewhere]: 'ours' });
	bootstraps.keepOnly({});
	assert.deepEqual(readdirSync(scratch.path).sort(), theirs);
	for (const name of theirs) assert.equal(readFileSync(join(scratch.path, name), 'utf8'), 'theirs');
});
