import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateFindings, type TlsFileFacts } from '../../../src/doctor/certificates-check.ts';

const now = Date.UTC(2026, 10, 29);
const day = 24 * 60 * 60 * 1_000;
const until = (days: number, subject = 'CN=a') => ({ subject, fromMs: now - day, toMs: now + days * day });
const chain: TlsFileFacts = {
	...{ path: '/tls/a.pem', kind: 'certificate', unreadable: '', unseen: '', validity: [until(100)] },
};
const judged = (...files: Partial<TlsFileFacts>[]) =>
	certificateFindings(
		files.map((file) => ({ ...chain, ...file })),
		now,
		'user 1337',
	).map((finding) => (finding.state === 'ok' ? `ok: ${finding.note}` : `${finding.state}: ${finding.why}`));

test('well ones are told with the day on which the first ends', () => {
	assert.deepEqual(judged(), ['ok: the definitions name no files']);
	assert.deepEqual(judged({}, { kind: 'key', validity: [] }), ['ok: the first ends on 2027-03-09']);
	assert.deepEqual(judged({ kind: 'key', validity: [] }), ['ok: ']);
});

test('one that ends within 14 days is a warning, and one that has ended a failure', () => {
	assert.deepEqual(judged({ validity: [until(14)] }), ['ok: the first ends on 2026-12-13']);
	assert.deepEqual(judged({ validity: [until(100), until(13, 'CN=issuer')] }), [
		'warning: /tls/a.pem (CN=issuer) expires on 2026-12-12, in 13 days',
	]);
	assert.deepEqual(judged({ validity: [until(0)] }), [
		'failure: /tls/a.pem (CN=a) has expired on 2026-11-29: TLS with it fails',
	]);
});

test('a bundle of authorities is of use while one of them is', () => {
	assert.deepEqual(judged({ kind: 'trust', validity: [until(-1), until(100)] }), ['ok: the first ends on 2027-03-09']);
	assert.match(judged({ kind: 'trust', validity: [until(-2), until(-1)] })[0] ?? '', /^failure: .*has expired/);
});

test('one that is not valid yet is a failure; of authorities, if none is', () => {
	const later = { subject: 'CN=b', fromMs: now + day, toMs: now + 100 * day };
	assert.match(judged({ validity: [later] })[0] ?? '', /^failure: .*is not valid yet/);
	assert.match(judged({ kind: 'trust', validity: [later, until(100)] })[0] ?? '', /^ok/);
});

test("what Envoy's user cannot read fails, and what this user cannot see is not guessed", () => {
	assert.deepEqual(judged({ unreadable: 'no such file or directory' }), [
		'failure: Envoy (user 1337) cannot read /tls/a.pem: no such file or directory',
	]);
	assert.deepEqual(judged({ unseen: 'permission denied' }), [
		'unknown: /tls/a.pem was not looked at: permission denied',
	]);
	assert.deepEqual(judged({ validity: [] }), ['failure: /tls/a.pem holds no certificate']);
});
