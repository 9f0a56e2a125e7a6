// The console by https, over a real control plane with a real Envoy: what it has taken, what it refuses, and who was it.
import assert from 'node:assert/strict';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startBrowser, type Tab } from '../../lab/services/browser.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { createAuthority } from '../../support/certificates.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { eventually } from '../../support/eventually.ts';
import { CONTROL, createFleetHost, createShop, doorOf } from '../../support/fleet-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const alice = {
	accessKeyId: 'TURNALICE00000000000',
	secretAccessKey: 'a'.repeat(40),
	user: 'alice',
	policies: ['All'],
};
const policies = { All: { Statement: { Effect: 'Allow', Action: 'appmesh:*', Resource: '*' } } };
/** The authority is the test's own. */
const trusting = ['--ignore-certificate-errors'];

async function signIn(tab: Tab): Promise<void> {
	await tab.open('');
	await tab.fill('Access key ID', alice.accessKeyId);
	await tab.fill('Secret access key', alice.secretAccessKey);
	await tab.press('Sign in');
	await tab.until('Your first mesh');
	const [cookie] = await tab.page.browserContext().cookies();
	assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.secure], [true, 'Strict', true]);
}

/** As the page itself asks. */
const askBy = (tab: Tab) => async (method: string, path: string, body?: object) =>
	Object(
		await tab.page.evaluate(`(async () => {
		const { csrfToken } = await (await fetch('session')).json();
		const target = ${JSON.stringify(`/v20190125${path}`)};
		const headers = { 'x-turnout-csrf-token': csrfToken };
		const body = ${JSON.stringify(JSON.stringify(body))};
		return (await fetch('api?' + new URLSearchParams({ target }), { method: '${method}', headers, body })).json();
	})()`),
	);

describe('the console by https', { concurrency: 1 }, async () => {
	const stack = suiteStack();
	const keysIn = (folder: string): string => {
		const file = join(folder, 'keys.json');
		writeFileSync(file, JSON.stringify({ keys: [alice], policies }), { mode: 0o600 });
		chownSync(file, NOBODY, NOBODY);
		return file;
	};

	test('shows which Envoys are connected, what they have and what they reject, and in the history whose change it was', async () => {
		const fleet = await createFleetHost(stack);
		const browser = stack.use(await startBrowser(fleet.namespace, trusting));
		const control = await fleet.start('--listen', `${CONTROL}:8474`, '--keys', keysIn(fleet.folder));
		stack.defer(async () => void (await control.stop('SIGTERM')));
		const tab = await browser.openTab(`https://${CONTROL}:8474`);
		await signIn(tab);
		const ask = askBy(tab);
		await createShop({ ask });
		await tab.open('#/mesh/shop');
		await tab.until('No Envoy of this mesh is connected');
		const envoy = stack.use(await fleet.startEnvoy());
		await tab.until(/door\s+● 1 Envoy\s+1\s+1/);
		await eventually(
			() => fleet.app.get({ address: '127.0.0.1', port: 8088, host: 'pages.shop' }),
			({ body }) => body === 'v1',
		);
		// Once in ten seconds it is reported.
		const load = await fleet.app.startLoad({ address: '127.0.0.1', port: 8088, host: 'pages.shop' }, 1);
		await eventually(tab.text, (text) => /Requests\s+Errors\s+door\s+v1\s+\d+\/s\s+0%/.test(text));
		await tab.until(/gets \d+\/s/);
		const found = [...(await tab.inspect('live-load'))];
		await tab.open('#/mesh/shop/resource/virtualNode//v1');
		await tab.until(/Requests\s+\d+\/s/);
		await load.stop();
		await tab.open('#/mesh/shop/edit/virtualGateway//door');
		await tab.page.waitForSelector('textarea');
		const file = '{ certificateChain: /nowhere/chain.pem, privateKey: /nowhere/key.pem }';
		const tls = `tls: { mode: STRICT, certificate: { file: ${file} } }`;
		await tab.fill('Spec in YAML', `listeners:\n  - portMapping: { port: 8088, protocol: http }\n    ${tls}\n`);
		await tab.press('Review change');
		await tab.press('Save');
		await tab.until('In use by');
		await tab.open('#/mesh/shop');
		await tab.until(/door\s+✕ rejected\s[\s\S]*\/nowhere\/key\.pem/);
		await tab.until('It goes on with what it had before');
		found.push(...(await tab.inspect('live-rejected')));
		await tab.open('#/history/shop');
		await tab.until(/UpdateVirtualGateway mesh\/shop\/virtualGateway\/door\s+alice, .*version 2/);
		await tab.page.click('.history summary');
		await tab.until('privateKey: /nowhere/key.pem');
		found.push(...(await tab.inspect('live-history')));
		await ask('PUT', '/meshes/shop/virtualGateways/door', { spec: doorOf() });
		await tab.open('#/mesh/shop');
		await tab.until(/door\s+● 1 Envoy\s+1\s+1/);
		envoy[Symbol.dispose]();
		await tab.until(/door\s+○ no Envoy here\s+0\s+0/);
		assert.deepEqual(found, []);
		assert.deepEqual(tab.complaints, []);
	});

	test('is the same in a folder of a proxy that ends its TLS', async () => {
		const host = stack.use(createNamespace('proxied'));
		host.run('ip', ['link', 'set', 'lo', 'up']);
		const { path } = stack.use(createScratch('proxied'));
		chownSync(path, NOBODY, NOBODY);
		const keys = keysIn(path);
		const control = stack.use(await startControl(host, path, '--listen', '127.0.0.1:8474', '--keys', keys));
		const { certificateChain, privateKey } = createAuthority(path, 'authority').issue('proxy', ['127.0.0.1']);
		const [chain, key] = [certificateChain, privateKey].map((file) => ({ inlineString: readFileSync(file, 'utf8') }));
		const envoy = host.spawn(await findEnvoy(), [
			...['--config-yaml', JSON.stringify(proxyOf({ chain, key })), '--disable-hot-restart'],
			...['--concurrency', '1', '--log-level', 'error'],
		]);
		stack.defer(() => void envoy.kill());
		const browser = stack.use(await startBrowser(host, trusting));
		const tab = await browser.openTab('https://127.0.0.1:8443/turnout');
		await signIn(tab);
		assert.equal((await askBy(tab)('PUT', '/meshes', { meshName: 'behind' })).meshName, 'behind');
		await tab.page.reload();
		await tab.until('behind');
		await tab.page.goto('https://127.0.0.1:8443/turnout/');
		await tab.until('behind');
		await tab.press('Sign out');
		await tab.until('Secret access key');
		assert.match(control.log(), /"event":"signed in","by":"alice","from":"127\.0\.0\.1"/);
		assert.deepEqual(tab.complaints, []);
	});
});

/** An Envoy with `/turnout/` on port 8443, as people put a proxy before something. */
function proxyOf({ chain, key }: { readonly chain: object | undefined; readonly key: object | undefined }): object {
	const cluster = {
		name: 'control',
		loadAssignment: {
			clusterName: 'control',
			endpoints: [{ lbEndpoints: [{ endpoint: { address: addressOf(8474) } }] }],
		},
	};
	const route = { match: { prefix: '/turnout/' }, route: { cluster: 'control', prefixRewrite: '/' } };
	const manager = {
		'@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
		...{ statPrefix: 'proxy', useRemoteAddress: true },
		routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
		httpFilters: [
			{
				name: 'router',
				typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
			},
		],
	};
	const tls = {
		'@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
		commonTlsContext: { tlsCertificates: [{ certificateChain: chain, privateKey: key }] },
	};
	const filters = [{ name: 'manager', typedConfig: manager }];
	const listener = {
		address: addressOf(8443),
		filterChains: [{ filters, transportSocket: { name: 'tls', typedConfig: tls } }],
	};
	return { staticResources: { listeners: [listener], clusters: [cluster] } };
}

const addressOf = (portValue: number): object => ({ socketAddress: { address: '127.0.0.1', portValue } });
