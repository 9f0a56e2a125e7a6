// biome-ignore-all lint/suspicious/noTemplateCurlyInString: somebody may hope that such a text is filled in
// The console in a real browser: what somebody makes, sees and is refused by it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDefinitions } from '../../../src/host/files/definitions.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startBrowser, type Tab } from '../../lab/services/browser.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const alice = {
	accessKeyId: 'TURNALICE00000000000',
	secretAccessKey: 'a'.repeat(40),
	user: 'alice',
	policies: ['All'],
};
const reader = {
	accessKeyId: 'TURNREADER0000000000',
	secretAccessKey: 'r'.repeat(40),
	user: 'reader',
	policies: ['Read'],
};
const policies = {
	All: { Statement: { Effect: 'Allow', Action: 'appmesh:*', Resource: '*' } },
	Read: { Statement: { Effect: 'Allow', Action: ['appmesh:Describe*', 'appmesh:List*'], Resource: '*' } },
};

describe('the console in a browser', { concurrency: 1 }, async () => {
	const stack = suiteStack();
	const host = stack.use(createNamespace('console'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const browser = stack.use(await startBrowser(host));
	let port = 8500;
	const start = async (...args: readonly string[]) => {
		port += 1;
		const { path } = stack.use(createScratch('console'));
		chownSync(path, NOBODY, NOBODY);
		const control = stack.use(await startControl(host, path, '--listen', `127.0.0.1:${port}`, ...args));
		return { control, path, origin: `http://127.0.0.1:${port}` };
	};
	const withKeys = async () => {
		const { path } = stack.use(createScratch('console-keys'));
		const file = join(path, 'keys.json');
		writeFileSync(file, JSON.stringify({ keys: [alice, reader], policies }), { mode: 0o600 });
		chownSync(file, NOBODY, NOBODY);
		return { ...(await start('--keys', file)), file };
	};
	const signIn = async (tab: Tab, { accessKeyId, secretAccessKey }: typeof alice) => {
		await tab.fill('Access key ID', accessKeyId);
		await tab.fill('Secret access key', secretAccessKey);
		await tab.press('Sign in');
	};
	const makeMesh = async (tab: Tab) => {
		await tab.open('#/start');
		await fillAll(tab, { 'Mesh name': 'simpleapp', 'Virtual service name': 'serviceB.simpleapp.local' });
		await tab.press('Next');
		await fillAll(tab, { 'Virtual node name': 'serviceB', 'DNS hostname': 'serviceb.simpleapp.local' });
		await tab.press('Next');
		await fillAll(tab, { 'Virtual router name': 'serviceB', 'Route name': 'serviceB-route' });
		await tab.press('Next');
		await tab.until('Review and create');
		await tab.press('Create mesh service');
		await tab.until('All of it is made');
	};

	test('the wizard makes the mesh, service, node, router and route of the guide', async () => {
		const { origin, path } = await start();
		const tab = await browser.openTab(origin);
		await tab.open('');
		await tab.until('Your first mesh');
		const found = [...(await tab.inspect('first-run'))];
		await tab.press('Get started');
		await tab.until('Step 1 of 4');
		await tab.press('Next');
		await tab.until('Fill this in');
		found.push(...(await tab.inspect('wizard-mistakes')));
		await fillAll(tab, { 'Mesh name': 'simpleapp', 'Virtual service name': 'serviceB.simpleapp.local' });
		await tab.press('Next');
		await tab.until('Step 2 of 4');
		await fillAll(tab, { 'Virtual node name': 'serviceB', 'DNS hostname': 'serviceb.simpleapp.local' });
		await tab.press('Health check enabled').catch(() => tab.page.click('#hasHealthCheck'));
		found.push(...(await tab.inspect('wizard-node')));
		await tab.page.click('#hasHealthCheck');
		await tab.press('Next');
		await tab.until('Step 3 of 4');
		await fillAll(tab, { 'Virtual router name': 'serviceB', 'Route name': 'serviceB-route', Weight: '90' });
		found.push(...(await tab.inspect('wizard-route')));
		await tab.press('Next');
		await tab.until('Step 4 of 4');
		found.push(...(await tab.inspect('wizard-review')));
		await tab.press('Create mesh service');
		await tab.until('All of it is made');
		found.push(...(await tab.inspect('wizard-made')));
		assert.deepEqual(found, []);
		const { catalogs, errors } = loadMesh(readDefinitions([join(path, 'mesh')]));
		assert.deepEqual(errors, []);
		const [catalog] = catalogs;
		const specs = [catalog?.routesOf('serviceB')[0], catalog?.get('virtualService', 'serviceB.simpleapp.local')];
		assert.equal(
			JSON.stringify(specs.map((each) => each?.spec)),
			JSON.stringify([
				{
					httpRoute: { action: { weightedTargets: [{ virtualNode: 'serviceB', weight: 90 }] }, match: { prefix: '/' } },
				},
				{ provider: { virtualRouter: { virtualRouterName: 'serviceB' } } },
			]),
		);
		assert.deepEqual(tab.complaints, []);
	});

	test('the wizard is gone through by keys alone', async () => {
		const { origin, path } = await start();
		const tab = await browser.openTab(origin);
		// Also where the screen follows late, as on a host that is busy.
		await tab.page.evaluateOnNewDocument('requestAnimationFrame = (f) => setTimeout(f, 500)');
		await tab.open('');
		const { keyboard } = tab.page;
		await tabTo(tab, 'Get started', 'main a');
		await keyboard.press('Enter');
		await tab.until('Step 1 of 4');
		for (const [label, text] of [
			...[
				['mesh', 'keys'],
				['service', 's.local'],
				['', ''],
				['node', 'n'],
				['hostname', 'n.local'],
				['', ''],
			],
			...[
				['router', 'r'],
				['route', 'all'],
				['', ''],
			],
		] as const) {
			if (label === '') {
				await keyboard.press('Enter');
				continue;
			}
			await tabTo(tab, label);
			await keyboard.type(text);
		}
		await tab.until('Step 4 of 4');
		await tabTo(tab, 'Create mesh service', 'main button');
		await keyboard.press('Space');
		await tab.until('All of it is made');
		assert.deepEqual(readdirSync(join(path, 'mesh/keys')).toSorted(), [
			...['mesh.yaml', 'route', 'virtualNode', 'virtualRouter', 'virtualService'],
		]);
	});

	test('who has no key, or another secret, stays outside; signing out and a key that is gone end it', async () => {
		const { origin, file, control } = await withKeys();
		const tab = await browser.openTab(origin);
		await tab.open('#/start');
		await tab.until('Sign in');
		const found = [...(await tab.inspect('sign-in'))];
		await signIn(tab, { ...alice, secretAccessKey: 'wrong' });
		await tab.until('no access key has this id and this secret');
		found.push(...(await tab.inspect('sign-in-refused', ['light', 'dark'])));
		assert.deepEqual(found, []);
		await signIn(tab, alice);
		await tab.until('Step 1 of 4');
		const [cookie] = await tab.page.browserContext().cookies();
		assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'Strict', '/console']);
		await tab.press('Sign out');
		await tab.until('Secret access key');
		await signIn(tab, alice);
		await tab.until('Step 1 of 4');
		await tab.open('#/new');
		await tab.fill('Spec in YAML', 'egressFilter: { type: ALLOW_ALL }');
		writeFileSync(file, JSON.stringify({ keys: [reader], policies }));
		await tab.until('Your session has ended');
		writeFileSync(file, JSON.stringify({ keys: [alice, reader], policies }));
		await signIn(tab, alice);
		await tab.until('Create mesh');
		assert.match(String(await tab.page.evaluate("document.querySelector('textarea').value")), /ALLOW_ALL/);
		assert.match(control.log(), /"event":"signed in","by":"alice"/);
		assert.match(control.log(), /"reason":"other-secret"/);
		assert.ok(!control.log().includes(alice.secretAccessKey));
	});

	test('what the policies of a key do not allow is told where it is tried', async () => {
		const { origin } = await withKeys();
		const owner = await browser.openTab(origin);
		await owner.open('');
		await signIn(owner, alice);
		await owner.until('Your first mesh');
		await makeMesh(owner);
		const tab = await browser.openTab(origin);
		await tab.open('');
		await signIn(tab, reader);
		await tab.until('simpleapp');
		await tab.open('#/mesh/simpleapp/edit/virtualNode//serviceB');
		await edit(
			tab,
			'listeners:\n  - portMapping: { port: 8080, protocol: http }\nserviceDiscovery: { dns: { hostname: b.local } }\n',
		);
		await tab.press('Review change');
		await tab.press('Save');
		await tab.until('User reader is not authorized to perform appmesh:UpdateVirtualNode');
		assert.deepEqual(await tab.inspect('denied'), []);
	});

	test('of two who change the same one, the second sees what the first has done before anything is lost', async () => {
		const { origin, path } = await start();
		const [first, second] = [await browser.openTab(origin), await browser.openTab(origin)];
		await makeMesh(first);
		const spec = (port: number) =>
			`listeners:\n  - portMapping:\n      port: ${port}\n      protocol: http\nserviceDiscovery:\n  dns:\n    hostname: serviceb.simpleapp.local\n`;
		await first.open('#/mesh/simpleapp/edit/virtualNode//serviceB');
		await second.open('#/mesh/simpleapp/edit/virtualNode//serviceB');
		await edit(first, spec(8080));
		await edit(second, spec(9090));
		await second.press('Review change');
		await first.press('Review change');
		await first.until('What is going to change');
		const found = [...(await first.inspect('review'))];
		await first.press('Save');
		await first.until('In use by');
		await second.press('Save').catch(() => undefined);
		await second.until('Somebody else has changed it since you began: it is version 2 now');
		await second.until('8080');
		found.push(...(await second.inspect('conflict')));
		assert.match(readFileSync(join(path, 'mesh/simpleapp/virtualNode/serviceB.yaml'), 'utf8'), /port: 8080/);
		await second.press('Compare mine with theirs');
		await second.until(/−[\s\S]*port: 8080[\s\S]*\+[\s\S]*port: 9090/);
		await second.press('Save');
		await second.until('In use by');
		assert.match(
			readFileSync(join(path, 'mesh/simpleapp/virtualNode/serviceB.yaml'), 'utf8'),
			/port: 9090[\s\S]*version: 3/,
		);
		assert.deepEqual(found, []);
	});

	test('mistakes stand beside the text with their lines, what was written stays when one looks elsewhere, and back and forward work', async () => {
		const { origin } = await start();
		const tab = await browser.openTab(origin);
		await makeMesh(tab);
		await tab.open('#/mesh/simpleapp');
		await tab.press('Virtual nodes 1');
		await tab.press('serviceB');
		await tab.until('In use by');
		await tab.press('Edit');
		await edit(tab, 'listeners:\n  - portMapping:\n      port: 70000\n      protocol: htp\n');
		await tab.until('2 mistakes');
		await tab.until('70000 is out of bounds');
		const found = [...(await tab.inspect('editor-mistakes'))];
		await tab.press('Line 4');
		assert.equal(
			await tab.page.evaluate(
				'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
			),
			'      protocol: htp',
		);
		await tab.page.goBack();
		await tab.until('In use by');
		await tab.page.goBack();
		await tab.until('Create virtual node');
		await tab.page.goForward();
		await tab.until('In use by');
		await tab.page.goForward();
		await tab.until('What you wrote here before is restored');
		await tab.until('70000 is out of bounds');
		await tab.press('Discard');
		await tab.until('In use by');
		await tab.press('Delete…');
		await tab.until('It is in use by');
		found.push(...(await tab.inspect('delete-in-use')));
		await tab.page.keyboard.press('Escape');
		await tab.open('#/mesh/simpleapp/resource/virtualService//serviceB.simpleapp.local');
		await tab.press('Delete…');
		await tab.until('It cannot be taken back');
		found.push(...(await tab.inspect('delete', ['light'])));
		await tab.press('Delete');
		await tab.until('There are no virtual services yet');
		assert.deepEqual(found, []);
		assert.deepEqual(tab.complaints, []);
	});

	test('in the editor Enter keeps the indentation and Ctrl+S goes on, and a new one keeps its name and tags when one looks elsewhere', async () => {
		const { origin } = await start();
		const tab = await browser.openTab(origin);
		await makeMesh(tab);
		await tab.open('#/mesh/simpleapp/new/virtualNode/');
		await fillAll(tab, { Name: 'kept', 'Key 1': 'team', 'Value 1': 'shop' });
		await tab.press('Virtual nodes 1');
		await tab.until('serviceB');
		await tab.page.goBack();
		await tab.until('Create virtual node');
		const values = () => tab.page.evaluate("[...document.querySelectorAll('input')].map(({ value }) => value).join()");
		assert.equal(await values(), 'kept,team,shop');
		await edit(tab, '');
		const { keyboard } = tab.page;
		for (const line of ['serviceDiscovery:', 'dns:', 'hostname: n.local']) {
			await keyboard.type(line);
			await keyboard.press('Enter');
		}
		const text = "document.querySelector('textarea').value";
		assert.equal(await tab.page.evaluate(text), 'serviceDiscovery:\n  dns:\n    hostname: n.local\n    ');
		await keyboard.down('Control');
		await keyboard.press('KeyZ');
		await keyboard.up('Control');
		assert.doesNotMatch(String(await tab.page.evaluate(text)), /\n {4}$/, 'it can be undone');
		await tab.page.focus('textarea');
		await keyboard.down('Control');
		await keyboard.press('KeyS');
		await keyboard.up('Control');
		await tab.until('What is going to change');
		await tab.press('Save');
		await tab.until('In use by');
		await tab.until('shop');
	});

	test('tags are added and taken away', async () => {
		const { origin, path } = await start();
		const tab = await browser.openTab(origin);
		await makeMesh(tab);
		await tab.open('#/mesh/simpleapp/resource/virtualNode//serviceB');
		await tab.press('Edit tags');
		await fillAll(tab, { 'Key 1': 'team', 'Value 1': 'shop' });
		assert.deepEqual(await tab.inspect('tags'), []);
		await tab.press('Save tags');
		await tab.until('shop');
		assert.match(
			readFileSync(join(path, 'mesh/simpleapp/virtualNode/serviceB.yaml'), 'utf8'),
			/key: team\n\s+value: shop/,
		);
		await tab.press('Edit tags');
		await tab.press('Remove tag 1');
		await tab.press('Save tags');
		await tab.until('It has none.');
	});

	test('a hostile name or value in any field stays text', async () => {
		const { origin, path } = await start('--limits', 'meshes=100');
		const tab = await browser.openTab(origin);
		await makeMesh(tab);
		const names = [
			...[
				'<img src=x onerror=window.hit=1>',
				'<script>window.hit=1<',
				'javascript:window.hit=1',
				"'-window.hit-'",
				'"><svg onload=hit>',
			],
			...[
				'\u202eexe.gpj',
				'{{7*7}}',
				'${7*7}',
				'<%= 7*7 %>',
				'..',
				'.',
				'%2e%2e',
				'#',
				'?target=x',
				'x'.repeat(255),
				'👩‍👩‍👧 ü',
				'__proto__',
				'constructor',
			],
		].map((name) => name.replaceAll(/[/:]/g, ''));
		const made = await tab.page.evaluate(createAll(names));
		assert.deepEqual(
			made,
			names.map(() => 200),
		);
		for (const name of names) {
			const own = encodeURIComponent(name);
			for (const hash of [
				`#/mesh/${own}`,
				`#/mesh/${own}/all/virtualNode`,
				`#/mesh/${own}/resource/virtualNode//${own}`,
				`#/mesh/${own}/edit/virtualNode//${own}`,
				`#/history/${own}`,
			]) {
				await tab.open('#/');
				await tab.open(hash);
				const text = await tab.text();
				assert.ok(text.includes(name), `${hash}: ${text.slice(0, 300)}`);
				assert.equal(await tab.page.evaluate('window.hit'), undefined, hash);
				assert.equal(
					await tab.page.evaluate(
						"document.querySelectorAll('img, iframe, object, body script, [onerror], [onload]').length",
					),
					0,
				);
			}
		}
		await tab.open('');
		assert.deepEqual(await tab.inspect('hostile-names'), []);
		await tab.open(`#/mesh/${'x'.repeat(255)}/resource/virtualNode//${'x'.repeat(255)}`);
		assert.deepEqual(await tab.inspect('long-name'), []);
		await tab.open('#/start');
		await fillAll(tab, {
			'Mesh name': '<img src=x onerror=window.hit=1>',
			'Virtual service name': '</textarea><script>window.hit=1</script>',
		});
		await tab.press('Next');
		await tab.until('Step 2 of 4');
		assert.equal(await tab.page.evaluate('window.hit'), undefined);
		// A file that somebody has put there, and that cannot be read.
		writeFileSync(join(path, 'mesh/<img src=x onerror=hit>.yaml'), 'meshName: <b>bold</b>\nspec: {');
		await tab.open('');
		await tab.until('invalid YAML');
		assert.deepEqual(tab.complaints, []);
	});

	const startWorker = async (...args: readonly string[]) => {
		const worker = join(import.meta.dirname, '../../lab/services/console-worker.ts');
		const child = host.spawn(process.execPath, [worker, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
		stack.defer(() => void child.kill());
		assert.ok(child.stdout);
		const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
		assert.equal(String(said), 'serving\n');
	};

	test('every view of a mesh with Envoys and a history is fit for screen readers, in light, dark and on a telephone', async () => {
		await startWorker('8474');
		const tab = await browser.openTab('http://127.0.0.1:8474');
		const found: string[] = [];
		const titles: string[] = [];
		for (const [name, hash, text] of [
			['meshes', '', 'simpleapp'],
			['mesh', '#/mesh/simpleapp', 'Address already in use'],
			['services', '#/mesh/simpleapp/all/virtualService', 'router serviceB'],
			['nodes', '#/mesh/simpleapp/all/virtualNode', 'serviceBv2'],
			['node', '#/mesh/simpleapp/resource/virtualNode//serviceB', 'In use by'],
			['router', '#/mesh/simpleapp/resource/virtualRouter//serviceB', 'serviceB-route'],
			['route', '#/mesh/simpleapp/resource/route/serviceB/serviceB-route', 'weightedTargets'],
			['gateway', '#/mesh/simpleapp/resource/virtualGateway//door', 'Gateway routes'],
			['gateway-route', '#/mesh/simpleapp/resource/gatewayRoute/door/all', 'serviceB.simpleapp.local'],
			['mesh-settings', '#/mesh/simpleapp/resource/mesh//simpleapp', 'UID'],
			['create-node', '#/mesh/simpleapp/new/virtualNode/', 'Create virtual node'],
			['create-mesh', '#/new', 'Create mesh'],
			['edit', '#/mesh/simpleapp/edit/route/serviceB/serviceB-route', 'No mistakes'],
			['history', '#/history', 'UpdateRoute'],
			['none', '#/mesh/simpleapp/resource/virtualNode//none', 'There is no virtual node none'],
			['unknown', '#/nowhere', 'There is no such page'],
		] as const) {
			await tab.open('#/');
			await tab.open(hash);
			await tab.until(text);
			await tab.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
			found.push(...(await tab.inspect(name)));
			assert.equal(await tab.page.evaluate('document.activeElement.tagName'), 'H1', name);
			titles.push(String(await tab.page.title()));
		}
		assert.deepEqual(found, []);
		assert.equal(new Set(titles).size, titles.length, 'each page has a title of its own');
		assert.equal(titles[4], 'Virtual node serviceB – simpleapp – turnout');
		assert.deepEqual(tab.complaints, []);
	});

	test('a node says how its Envoys are, what uses it leads there, and whoever comes back finds a list as it was left', async () => {
		await startWorker('8476', '30');
		const tab = await browser.openTab('http://127.0.0.1:8476');
		await tab.open('#/mesh/simpleapp/resource/virtualNode//serviceBv2');
		await tab.until(/Envoys\s+✕ rejected\s+Error adding/);
		assert.match(await tab.text(), /Changed\s+\w{3} \d+, \d{4}, \d+:\d+:\d+ [AP]M UTC/);
		await tab.press('serviceB-route');
		await tab.until('weightedTargets');
		await tab.open('#/mesh/simpleapp');
		// As a screen reader says it: not the sign.
		await tab.press('virtual node serviceB 1 of 2 up to date');
		await tab.until('In use by');
		await tab.open('#/mesh/simpleapp/all/virtualNode');
		await tab.fill('Find', 'v2');
		await tab.until('31 of 63');
		await tab.until(/n0-v2\s[\s\S]*n2-v2\s[\s\S]*n10-v2\s/);
		await tab.press('Name');
		await tab.until(/n10-v2\s[\s\S]*n2-v2\s[\s\S]*n0-v2\s/);
		await tab.page.evaluate('scrollTo(0, 300)');
		await sleep(500);
		await tab.press('n12-v2');
		await tab.until('In use by');
		assert.equal(await tab.page.evaluate('scrollY'), 0);
		await tab.page.goBack();
		await tab.until(/31 of 63[\s\S]*n10-v2\s[\s\S]*n2-v2\s/);
		await until(async () => (await tab.page.evaluate('scrollY')) === 300);
		await tab.page.goForward();
		await tab.until('In use by');
		assert.deepEqual(tab.complaints, []);
	});

	test('when turnout control was started again the page goes on, and saves what was being written', async () => {
		const { origin, path, control } = await start();
		const tab = await browser.openTab(origin);
		await makeMesh(tab);
		await tab.open('#/mesh/simpleapp/edit/virtualNode//serviceB');
		await tab.page.waitForSelector('textarea');
		const text = String(await tab.page.evaluate("document.querySelector('textarea').value"));
		await edit(tab, text.replace('80', '8080'));
		await control.stop('SIGTERM');
		await tab.press('All meshes');
		await tab.until('does not answer');
		const listen = new URL(origin).host;
		stack.use(await startControl(host, path, '--listen', listen));
		await tab.until(/^(?!.*does not answer)[\s\S]*simpleapp/);
		await tab.page.goBack();
		await tab.until('What you wrote here before is restored');
		await tab.press('Review change');
		await tab.press('Save');
		await tab.until('In use by');
		assert.match(readFileSync(join(path, 'mesh/simpleapp/virtualNode/serviceB.yaml'), 'utf8'), /port: 8080/);
	});

	test('a mesh of 200 services is there within two seconds, and begins with a part of its picture', async () => {
		await startWorker('8475', '200');
		const tab = await browser.openTab('http://127.0.0.1:8475');
		await tab.open('');
		await tab.until('simpleapp');
		const begun = performance.now();
		await tab.open('#/mesh/simpleapp');
		await tab.until('Who calls what');
		const ms = performance.now() - begun;
		assert.ok(ms < 2_000, `it took ${Math.round(ms)} ms`);
		const boxes = () => tab.page.evaluate("document.querySelectorAll('.picture .box').length");
		assert.ok(Number(await boxes()) < 60);
		await tab.page.select('select', '');
		await tab.until('everything');
		assert.ok(Number(await boxes()) > 800);
		assert.deepEqual(await tab.inspect('large', ['light']), []);
	});
});

async function fillAll(tab: Tab, values: Readonly<Record<string, string>>): Promise<void> {
	for (const [label, text] of Object.entries(values)) await tab.fill(label, text);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; tries < 100; tries += 1) {
		if (await isSo()) return;
		await sleep(50);
	}
	throw new Error(`it is never so: ${isSo}`);
}

async function edit(tab: Tab, text: string): Promise<void> {
	await tab.page.waitForSelector('textarea');
	await tab.fill('Spec in YAML', text);
}

/** By the tabulator, until what has the focus is called so. */
async function tabTo(tab: Tab, name: string, within = `#${name}`): Promise<void> {
	for (let presses = 0; presses < 60; presses += 1) {
		await tab.page.keyboard.press('Tab');
		const isThere = await tab.page.evaluate(
			`document.activeElement.matches(${JSON.stringify(within)}) && (document.activeElement.id === ${JSON.stringify(name)} || document.activeElement.textContent === ${JSON.stringify(name)})`,
		);
		if (isThere) return;
	}
	throw new Error(`the tabulator never comes to ${name}`);
}

/** A mesh and a node for each name, as the page would make them. */
const createAll = (names: readonly string[]): string => `(async () => {
	const { csrfToken } = await (await fetch('session')).json();
	const put = (target, body) => fetch('api?' + new URLSearchParams({ target }), {
		method: 'PUT', headers: { 'x-turnout-csrf-token': csrfToken }, body: JSON.stringify(body),
	});
	const statuses = [];
	for (const name of ${JSON.stringify(names)}) {
		await put('/v20190125/meshes', { meshName: name, tags: [{ key: name.slice(0, 128), value: name }] });
		const backends = [{ virtualService: { virtualServiceName: name } }];
		const spec = { backends, serviceDiscovery: { dns: { hostname: 'n.local' } }, listeners: [{ portMapping: { port: 80, protocol: 'http' } }] };
		const made = await put('/v20190125/meshes/' + encodeURIComponent(name) + '/virtualNodes', { virtualNodeName: name, spec });
		statuses.push(made.status);
	}
	return statuses;
})()`;
