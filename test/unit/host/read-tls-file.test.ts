import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTlsFile } from '../../../src/host/files/read-tls-file.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority } from '../../support/certificates.ts';

const everything = { uid: 1337, gid: 1337, mounts: undefined };

test('certificates are read with their names and times; a key is not looked into', () => {
	using scratch = createScratch('tls');
	chmodSync(scratch.path, 0o755);
	const authority = createAuthority(scratch.path, 'ca');
	const { certificateChain, privateKey } = authority.issue('api', ['api.local']);
	const facts = readTlsFile({ path: certificateChain, kind: 'certificate' }, everything);
	assert.deepEqual([facts.unreadable, facts.unseen], ['', '']);
	const [{ subject, fromMs, toMs } = { subject: '', fromMs: 0, toMs: 0 }] = facts.validity;
	assert.equal(subject, 'CN=api');
	assert.equal(Math.round((toMs - fromMs) / (24 * 60 * 60 * 1_000)), 30);
	assert.deepEqual(readTlsFile({ path: privateKey, kind: 'key' }, everything).validity, []);
});

test("it is told why Envoy's user cannot read a file", () => {
	using scratch = createScratch('tls');
	chmodSync(scratch.path, 0o755);
	const folder = join(scratch.path, 'private');
	const path = join(folder, 'a.pem');
	const why = (reader = everything) => readTlsFile({ path, kind: 'certificate' }, reader).unreadable;
	assert.equal(why(), 'no such file or directory');
	mkdirSync(folder, { mode: 0o700 });
	writeFileSync(path, '', { mode: 0o640 });
	assert.equal(why(), `${folder} does not let it through`);
	chmodSync(folder, 0o755);
	assert.equal(why(), 'its permissions do not allow it');
	chownSync(path, 0, 1337);
	assert.equal(why(), '');
	chownSync(path, 1337, 0);
	assert.equal(why(), '');
	chmodSync(path, 0o040);
	assert.equal(why(), 'its permissions do not allow it');
	assert.equal(why({ ...everything, uid: 0 }), '');
	assert.equal(readTlsFile({ path: folder, kind: 'key' }, everything).unreadable, 'it is not a regular file');
});

test('a container has what is mounted, and nothing else', () => {
	using scratch = createScratch('tls');
	const path = join(scratch.path, 'a.pem');
	writeFileSync(path, '', { mode: 0o644 });
	const why = (...mounts: string[]) => readTlsFile({ path, kind: 'key' }, { ...everything, mounts }).unreadable;
	assert.equal(why(), 'it is not among envoy.mounts');
	assert.equal(why(`${scratch.path}-other`), 'it is not among envoy.mounts');
	assert.equal(why(path), '');
	chmodSync(scratch.path, 0o755);
	assert.equal(why(scratch.path), '');
});
