// What the console's page asks for, over a socket, as a browser does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noLoad } from '../../../../src/mesh/show/upstream-load.ts';
import { askSocket } from '../../../lab/net/socket.ts';
import { apiResources } from '../../../support/api-resources.ts';
import { soundPolicy } from '../../../support/policies.ts';
import { type Browser, serveConsole } from '../../../support/served-console.ts';
import { keysOf } from '../../../support/signed-call.ts';

const alice = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };
const reader = { accessKeyId: 'TURNREADER0000000000', secretAccessKey: 'r'.repeat(40) };
const ARN = 'arn:aws:appmesh:eu-west-1:123456789012:mesh';
const all = soundPolicy({ Effect: 'Allow', Action: 'appmesh:*', Resource: '*' });
const reading = soundPolicy({
	Effect: 'Allow',
	Action: ['appmesh:Describe*', 'appmesh:List*'],
	Resource: [`${ARN}/m`, `${ARN}/m/virtualNode/*`],
});
const keys = () => keysOf({ ...alice, policies: [all] }, { ...reader, policies: [reading] });

const api = (target: string) => `/console/api?${new URLSearchParams({ target: `/v20190125${target}` })}`;

async function makeAll(browser: Browser): Promise<void> {
	for (const { kind, collection, name, spec } of apiResources) {
		const { status, json } = await browser.ask('PUT', api(collection), { body: { [`${kind}Name`]: name, spec } });
		assert.equal(status, 200, json?.message);
	}
}

async function signedIn() {
	const served = await serveConsole(keys);
	const browser = served.open();
	assert.equal((await browser.signIn(alice.accessKeyId, alice.secretAccessKey)).status, 200);
	return { ...served, browser, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
}

test('the root leads to the page, and all that is below it has the headers that keep it safe', async () => {
	await using served = await serveConsole(keys);
	const browser = served.open();
	for (const path of ['/', '/console']) {
		const { status, headers } = await browser.ask('GET', path);
		assert.deepEqual([status, headers['location']], [302, 'console/']);
	}
	for (const path of ['/console/', '/console/session', '/console/resources', '/console/none']) {
		const { headers } = await browser.ask('GET', path);
		const policy = String(headers['content-security-policy']);
		assert.match(
			policy,
			/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/,
			path,
		);
		assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/, path);
		assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy']], ['nosniff', 'no-referrer'], path);
		assert.match(String(headers['cache-control']), path === '/console/' ? /^no-cache$/ : /^no-store$/, path);
	}
});

test('signing in gives a cookie that no script reads and no other site sends, and the API by it', async () => {
	await using served = await serveConsole(keys);
	const browser = served.open();
	assert.deepEqual((await browser.ask('GET', '/console/session')).json, { hasKeys: true });
	assert.equal((await browser.ask('GET', '/console/resources')).status, 401);
	const { json, headers } = await browser.signIn(alice.accessKeyId, alice.secretAccessKey);
	assert.equal(json.user, `user of ${alice.accessKeyId}`);
	assert.match(String(headers['set-cookie']), /^turnout-console=[\w-]{43}; HttpOnly; SameSite=Strict$/);
	await makeAll(browser);
	const { resources, hidden } = (await browser.ask('GET', '/console/resources?meshName=m')).json;
	assert.equal(resources.length, 7);
	assert.equal(hidden, 0);
	assert.equal((await browser.ask('GET', '/console/resources')).json.resources.length, 1);
	assert.ok(served.events.some(({ event, by }) => event === 'signed in' && by === `user of ${alice.accessKeyId}`));
});

test('by the cookie nothing is done outside of /console/', async () => {
	await using served = await signedIn();
	const { status } = await served.browser.ask('PUT', '/v20190125/meshes', { body: { meshName: 'm' } });
	assert.equal(status, 403);
	assert.deepEqual(served.refusals, ['unsigned']);
});

test('what another page asks for is refused, and what comes without the token of the session', async () => {
	await using served = await signedIn();
	const { browser } = served;
	const create = (headers: Readonly<Record<string, string>>) =>
		browser.ask('PUT', api('/meshes'), { body: { meshName: 'm' }, headers });
	for (const headers of [
		{ 'sec-fetch-site': 'cross-site' },
		{ 'sec-fetch-site': 'same-site' },
		{ 'sec-fetch-site': 'none' },
		{ origin: 'https://elsewhere.example', 'sec-fetch-site': '' },
		{ origin: 'null', 'sec-fetch-site': '' },
		{ origin: 'http://localhost:9999', 'sec-fetch-site': '' },
		{ 'sec-fetch-site': '', origin: '' },
		{ 'x-turnout-csrf-token': '' },
		{ 'x-turnout-csrf-token': 'x'.repeat(43) },
	]) {
		const { status, json } = await create(headers as Readonly<Record<string, string>>);
		assert.equal(status, 403, JSON.stringify(headers));
		assert.match(json.message, /another page asks|token of the session/);
	}
	assert.equal(
		(await browser.ask('GET', '/console/resources', { headers: { 'sec-fetch-site': 'cross-site' } })).status,
		403,
	);
	assert.equal((await create({ 'sec-fetch-site': '' })).status, 200, 'a browser that sends Origin alone');
	const elsewhere = served.open();
	const wrong = await elsewhere.ask('POST', '/console/session', {
		body: alice,
		headers: { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' },
	});
	assert.equal(wrong.status, 403, 'signing in from another page');
});

test('without keys nobody signs in, and a page of elsewhere is refused all the same', async () => {
	await using served = await serveConsole();
	const browser = served.open();
	const { json } = await browser.ask('GET', '/console/session');
	assert.deepEqual([json.user, json.hasKeys], ['anyone on this host', false]);
	const create = () => browser.ask('PUT', api('/meshes'), { body: { meshName: 'm' } });
	assert.equal((await create()).status, 403);
	browser.csrfToken = json.csrfToken;
	assert.equal((await create()).status, 200);
	const rebound = served.open('rebound.example:8474');
	for (const path of ['/console/session', '/console/resources', '/console/state', '/console/history'])
		assert.equal((await rebound.ask('GET', path)).status, 403, path);
});

test('a key sees and does what its policies allow, and is told what they do not', async () => {
	await using served = await signedIn();
	await makeAll(served.browser);
	await served.history.add({
		at: '2026-11-30T08:00:00.000Z',
		by: 'a',
		operation: 'CreateRoute',
		resource: `${ARN}/m/virtualRouter/r/route/all`,
		version: 1,
		before: undefined,
		after: {},
	});
	await served.history.add({
		at: '2026-11-30T08:00:00.000Z',
		by: 'a',
		operation: 'CreateVirtualNode',
		resource: `${ARN}/m/virtualNode/n`,
		version: 1,
		before: undefined,
		after: {},
	});
	const browser = served.open();
	await browser.signIn(reader.accessKeyId, reader.secretAccessKey);
	const { resources, hidden } = (await browser.ask('GET', '/console/resources?meshName=m')).json;
	assert.deepEqual(
		resources.map(({ kind }: { kind: string }) => kind),
		['mesh', 'virtualNode'],
	);
	assert.equal(hidden, 5);
	const { events } = (await browser.ask('GET', '/console/history?limit=10')).json;
	assert.deepEqual(
		events.map(({ operation }: { operation: string }) => operation),
		['CreateVirtualNode'],
	);
	const denied = await browser.ask('DELETE', api('/meshes/m/virtualNodes/n'));
	assert.equal(denied.status, 403);
	assert.match(denied.json.message, /is not authorized to perform appmesh:DeleteVirtualNode/);
});

test('a change of what somebody else has changed meanwhile is refused', async () => {
	await using served = await signedIn();
	const { browser } = served;
	await makeAll(browser);
	const revisionOf = async () => (await browser.ask('GET', '/console/resources')).json.resources[0].revision as string;
	const update = (revision: string, type: string) =>
		browser.ask('PUT', api('/meshes/m'), {
			body: { spec: { egressFilter: { type } } },
			headers: { 'if-match': `"${revision}"` },
		});
	const first = await revisionOf();
	assert.equal((await update(first, 'ALLOW_ALL')).status, 200);
	const late = await update(first, 'DROP_ALL');
	assert.deepEqual([late.status, late.json.__type], [409, 'ConflictException']);
	assert.match(late.json.message, /somebody else has changed mesh "m" meanwhile/);
	const late2 = await browser.ask('DELETE', api('/meshes/m/virtualRouter/r/routes/all'), {
		headers: { 'if-match': '"old"' },
	});
	assert.equal(late2.status, 409);
	assert.equal((await update(await revisionOf(), 'DROP_ALL')).status, 200);
});

test('a name that a browser would take out of a path is one like any other', async () => {
	await using served = await signedIn();
	const { browser } = served;
	assert.equal((await browser.ask('PUT', api('/meshes'), { body: { meshName: '..' } })).status, 200);
	assert.equal(
		(await browser.ask('PUT', api('/meshes/../virtualNodes'), { body: { virtualNodeName: '.', spec: {} } })).status,
		200,
	);
	assert.equal((await browser.ask('DELETE', api('/meshes/../virtualNodes/.'))).status, 200);
});

test('signing out ends the session, whoever has its cookie', async () => {
	await using served = await signedIn();
	const { browser } = served;
	const { cookie } = browser;
	const forged = await browser.ask('DELETE', '/console/session', { headers: { 'x-turnout-csrf-token': 'x' } });
	assert.equal(forged.status, 403);
	const { headers } = await browser.ask('DELETE', '/console/session');
	assert.match(String(headers['set-cookie']), /^turnout-console=; .*Max-Age=0/);
	browser.cookie = cookie;
	assert.equal((await browser.ask('GET', '/console/resources')).status, 401);
});

test('half an hour without a request of a person ends a session, also while its page asks for news', async () => {
	await using served = await signedIn();
	const { browser, clock } = served;
	for (let minutes = 0; minutes < 25; minutes += 5) {
		await clock.advance(5 * 60_000);
		assert.equal((await browser.ask('GET', '/console/state?idle')).status, 200);
	}
	await clock.advance(5 * 60_000);
	const { status, json } = await browser.ask('GET', '/console/state?idle');
	assert.deepEqual([status, json.__type], [401, 'NotSignedIn']);
});

test('the news say whether anything has changed, and what the Envoys have, where some are served', async () => {
	await using served = await signedIn();
	const { browser } = served;
	const before = (await browser.ask('GET', '/console/state')).json;
	assert.deepEqual(Object.keys(before), ['tag']);
	await makeAll(browser);
	const after = (await browser.ask('GET', '/console/state')).json;
	assert.notEqual(before.tag, after.tag);
	assert.equal((await browser.ask('GET', '/console/resources?meshName=m')).json.tag, after.tag);
	await using fleet = await serveConsole(undefined, {
		nodes: () => [{ node: 'mesh/m/virtualNode/n', connected: 2, settled: 1, version: 'abc' }],
	});
	assert.equal((await fleet.open().ask('GET', '/console/state')).json.nodes[0].settled, 1);
});

test('of Envoys a key sees those of what it may see', async () => {
	const nodes = () =>
		['mesh/m/virtualNode/n', 'mesh/m/virtualGateway/g', 'mesh/other/virtualNode/n'].map((node) => ({
			...{ node, connected: 1, settled: 1, version: 'abc' },
			load: ['mesh/m/virtualNode/n', 'mesh/other/virtualNode/n'].map((to) => ({ node: to, ...noLoad })),
		}));
	await using served = await serveConsole(keys, { nodes });
	const seen = async (key: typeof alice) => {
		const browser = served.open();
		await browser.signIn(key.accessKeyId, key.secretAccessKey);
		const { json } = await browser.ask('GET', '/console/state');
		return json.nodes.flatMap(({ node, load }: ReturnType<typeof nodes>[number]) => [node, load.length]);
	};
	assert.deepEqual((await seen(alice)).slice(0, 4), ['mesh/m/virtualNode/n', 2, 'mesh/m/virtualGateway/g', 2]);
	assert.deepEqual(await seen(reader), ['mesh/m/virtualNode/n', 1], 'nor what they send to others');
});

test('the history takes how many are wanted, and no other number', async () => {
	await using served = await signedIn();
	assert.deepEqual((await served.browser.ask('GET', '/console/history')).json, { events: [], hasOlder: false });
	for (const limit of ['0', '-1', '1001', 'x', '1.5'])
		assert.equal((await served.browser.ask('GET', `/console/history?limit=${limit}`)).status, 400, limit);
});

test('the API answers as before beside it', async () => {
	await using served = await serveConsole();
	const { text } = await askSocket(served.socket, 'GET', '/v20190125/meshes', '', { host: 'localhost' });
	assert.deepEqual(JSON.parse(text), { meshes: [] });
});

test('whoever sees few of the latest changes is told that there are older ones', async () => {
	await using served = await serveConsole(keys);
	const event = (kind: string, name: string) => ({
		...{ at: '2026-11-30T08:00:00.000Z', by: 'a', operation: 'Create', resource: `${ARN}/m/${kind}/${name}` },
		...{ version: 1, before: undefined, after: {} },
	});
	await served.history.add(event('virtualNode', 'seen'));
	for (let at = 0; at < 3; at += 1) await served.history.add(event('virtualService', `${at}`));
	const browser = served.open();
	await browser.signIn(reader.accessKeyId, reader.secretAccessKey);
	const latest = async (limit: number) => (await browser.ask('GET', `/console/history?limit=${limit}`)).json;
	assert.deepEqual(await latest(3), { events: [], hasOlder: true });
	const { events, hasOlder } = await latest(5);
	assert.deepEqual([events.length, hasOlder], [1, false]);
});
