// What a browser sends, as a proxy that ends its TLS passes it on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soundPolicy } from '../../../support/policies.ts';
import { serveConsole } from '../../../support/served-console.ts';
import { keysOf } from '../../../support/signed-call.ts';

const alice = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };
const all = soundPolicy({ Effect: 'Allow', Action: 'appmesh:*', Resource: '*' });
const keys = () => keysOf({ ...alice, policies: [all] });
const CREATE = `/console/api?${new URLSearchParams({ target: '/v20190125/meshes' })}`;
const page = { origin: 'https://mesh.example' };

test('a page that has come by https gets a cookie for https alone', async () => {
	await using served = await serveConsole(keys);
	const browser = served.open('mesh.example');
	const signIn = (headers: Readonly<Record<string, string>>) =>
		browser.ask('POST', '/console/session', { body: alice, headers });
	const behindTls = await signIn(page);
	assert.equal(behindTls.status, 200);
	assert.match(String(behindTls.headers['set-cookie']), /; Secure$/);
	const onThisHost = await served.open().signIn(alice.accessKeyId, alice.secretAccessKey);
	assert.doesNotMatch(String(onThisHost.headers['set-cookie']), /Secure/);
});

test('nobody signs in on a page that has come by http from another host, though the proxy is on this one', async () => {
	await using served = await serveConsole(keys);
	for (const origin of ['http://mesh.example', 'http://10.0.0.1:8080', 'http://localhost.example']) {
		const browser = served.open(new URL(origin).host);
		const { status, json } = await browser.ask('POST', '/console/session', { body: alice, headers: { origin } });
		assert.deepEqual([status, json.message.includes('others can read')], [403, true], origin);
	}
	assert.deepEqual(served.refusals, ['open-network', 'open-network', 'open-network']);
	for (const host of ['localhost:8474', '127.0.0.1:9000', '[::1]:8474'])
		assert.equal((await served.open(host).signIn(alice.accessKeyId, alice.secretAccessKey)).status, 200, host);
});

test('a proxy that names another host than the browser does is no other page, where the browser says so', async () => {
	await using served = await serveConsole(keys);
	const browser = served.open('127.0.0.1:8474');
	const signed = await browser.ask('POST', '/console/session', { body: alice, headers: page });
	assert.equal(signed.status, 200);
	browser.cookie = String(signed.headers['set-cookie']).split(';')[0] ?? '';
	browser.csrfToken = signed.json.csrfToken;
	const create = (headers: Readonly<Record<string, string>>) =>
		browser.ask('PUT', CREATE, { body: { meshName: 'm' }, headers: { ...page, ...headers } });
	for (const site of ['cross-site', 'same-site', 'none', ''])
		assert.equal((await create({ 'sec-fetch-site': site })).status, 403, site);
	const { json } = await create({ 'sec-fetch-site': '' });
	assert.match(json.message, /"https:\/\/mesh\.example" .*"127\.0\.0\.1:8474".*proxy/);
	assert.equal((await create({})).status, 200);
});

test('each address that a proxy tells of has its own mistakes, and is what the log names', async () => {
	await using served = await serveConsole(keys);
	const attempt = async (secretAccessKey: string, from: string, accessKeyId = 'TURNNOBODY0000000000') => {
		const headers = { ...page, 'x-forwarded-for': from };
		return (
			await served
				.open('mesh.example')
				.ask('POST', '/console/session', { body: { accessKeyId, secretAccessKey }, headers })
		).status;
	};
	for (let tries = 0; tries < 5; tries += 1)
		assert.equal(await attempt('wrong', `10.9.9.${tries}, 203.0.113.7`, `TURN${tries}`), 403);
	assert.equal(
		await attempt('wrong', '10.9.9.9, 203.0.113.7', 'TURN9'),
		429,
		'the last one is whom the proxy has seen',
	);
	assert.equal(await attempt(alice.secretAccessKey, '203.0.113.8', alice.accessKeyId), 200, 'others are not held up');
	assert.equal(served.events.find(({ event }) => event === 'signed in')?.['from'], '203.0.113.8');
	assert.equal(await attempt(alice.secretAccessKey, '<script>', alice.accessKeyId), 200);
	assert.doesNotMatch(JSON.stringify(served.events), /script/);
});

test('below a folder of the proxy its cookie and what leads to it keep to that folder', async () => {
	await using served = await serveConsole(keys);
	const browser = served.open('mesh.example');
	const { headers } = await browser.ask('POST', '/console/session', { body: alice, headers: page });
	// Browsers then keep it to the folder that they have asked.
	assert.doesNotMatch(String(headers['set-cookie']), /Path/i);
	for (const path of ['/', '/console'])
		assert.equal((await browser.ask('GET', path)).headers['location'], 'console/', path);
});

test('without keys nobody of elsewhere is answered, whatever host the proxy names', async () => {
	await using served = await serveConsole();
	const browser = served.open('127.0.0.1:8474');
	const ask = async (path: string, from: string) =>
		(await browser.ask('GET', path, { headers: from === '' ? {} : { 'x-forwarded-for': from } })).status;
	for (const path of ['/console/session', '/console/resources', '/v20190125/meshes']) {
		for (const from of ['203.0.113.7', '127.0.0.1, 203.0.113.7', '2001:db8::7'])
			assert.equal(await ask(path, from), 403, from);
		for (const from of ['', '127.0.0.1', '203.0.113.7, ::1']) assert.equal(await ask(path, from), 200, from);
	}
	const { json } = await browser.ask('GET', '/console/session', { headers: { 'x-forwarded-for': '203.0.113.7' } });
	assert.match(json.message, /not "203\.0\.113\.7", for whom a proxy asks.*--keys/);
});
