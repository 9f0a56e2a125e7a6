import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { failureOf } from '../../../src/failure.ts';
import { openTlsFiles, type TlsMaterial } from '../../../src/host/files/follow-tls-files.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { type CertificateFiles, createAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';

function place(folder: string) {
	const files = { certificate: join(folder, 'own.pem'), privateKey: join(folder, 'own.key'), clientCa: undefined };
	const move = (from: string, to: string, mode = 0o600) => {
		copyFileSync(from, `${to}~`);
		chmodSync(`${to}~`, mode);
		renameSync(`${to}~`, to);
	};
	return {
		files,
		key: ({ privateKey }: CertificateFiles, mode?: number) => move(privateKey, files.privateKey, mode),
		certificate: ({ certificateChain }: CertificateFiles) => move(certificateChain, files.certificate),
	};
}

test('a certificate and its key are taken once both are new; a pair that does not fit is told, and the former stays', async () => {
	using scratch = createScratch('tls-files');
	const authority = createAuthority(scratch.path, 'authority');
	const [first, second, third] = ['a', 'b', 'c'].map((name) => authority.issue(name, ['a.example']));
	assert.ok(first && second && third);
	const { files, key, certificate } = place(scratch.path);
	key(first);
	certificate(first);
	const followed = openTlsFiles(files);
	const before = followed.current();
	const [renewed, problems]: [TlsMaterial[], string[]] = [[], []];
	const stop = new AbortController();
	const onProblem = (problem: unknown) => void problems.push(failureOf(problem).message);
	followed.follow(
		{ onRenewed: (material) => void renewed.push(material), onProblem, onBlind: assert.fail },
		stop.signal,
	);
	key(second);
	certificate(second);
	await eventually(
		() => renewed.length,
		(count) => count === 1,
	);
	assert.notEqual(followed.current().cert, before.cert);
	assert.deepEqual(problems, []);
	certificate(third);
	await eventually(
		() => problems.length,
		(count) => count === 1,
	);
	assert.match(problems[0] ?? '', /own\.key is not the key of .*own\.pem$/);
	assert.equal(followed.current(), renewed[0]);
	key(third, 0o644);
	await eventually(
		() => problems.length,
		(count) => count === 2,
	);
	assert.match(problems[1] ?? '', /own\.key: its mode is 644/);
	key(third);
	await eventually(
		() => renewed.length,
		(count) => count === 2,
	);
	stop.abort();
});

test('what cannot be used at the start is told, each with the file', () => {
	using scratch = createScratch('tls-files');
	const own = createAuthority(scratch.path, 'authority').issue('a', ['a.example']);
	const { files, key, certificate } = place(scratch.path);
	assert.throws(() => openTlsFiles(files), /own\.pem: no such file/);
	certificate({ ...own, certificateChain: own.privateKey });
	assert.throws(() => openTlsFiles(files), /own\.pem holds no certificate/);
	certificate(own);
	assert.throws(() => openTlsFiles(files), /own\.key: no such file/);
	key(own);
	assert.throws(() => openTlsFiles({ ...files, clientCa: '/dev/null' }), /\/dev\/null holds no certificate/);
	openTlsFiles(files);
});
