// docs/certificates.md, followed word for word: its authority, its certificates, its bootstrap, and how they are renewed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createHttpPeer } from '../../lab/net/http-peer.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { CONTROL, shopOf } from '../../support/fleet-host.ts';
import { blocksOf, commandsOf, readPages } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const PAGE = 'docs/certificates.md';
const DOOR = 'an Envoy of the gateway door, for a year';

describe(`${PAGE}, word for word`, async () => {
	const stack = suiteStack();
	const host = stack.use(createNamespace('page'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	host.run('ip', ['addr', 'add', `${CONTROL}/32`, 'dev', 'lo']);
	const { path: folder } = stack.use(createScratch('page'));
	const env = { ...process.env, PATH: `${dirname(turnoutProgram)}:${process.env['PATH'] ?? ''}` };
	const inPage = (text: string) => text.replaceAll('/etc/envoy', folder);
	const run = (text: string) => execFileSync('bash', ['-e', '-c', inPage(text)], { cwd: folder, env, stdio: 'pipe' });
	const serialOf = (name: string) => new X509Certificate(readFileSync(join(folder, name))).serialNumber;
	const app = stack.use(createHttpPeer(host));
	await app.serve({ name: 'v1', address: '127.0.0.1', port: 9081 });
	for (const comment of [
		'the authority, for ten years',
		'the control plane, for a year',
		DOOR,
		'what the Envoy is started with',
	])
		run(commandsOf(PAGE, comment));
	mkdirSync(join(folder, 'mesh'));
	for (const [at, resource] of shopOf([100, 0]).entries())
		writeFileSync(join(folder, `mesh/${at}.json`), JSON.stringify(resource));
	const page = readPages().find(({ path }) => path === PAGE);
	const started = page && blocksOf(page).find(({ text }) => text.startsWith('turnout control --ads'))?.text;
	const [, ...words] = started?.trim().split(' ') ?? [];
	const control = host.spawn(turnoutProgram, [...words, '--definitions', 'mesh'], { cwd: folder });
	stack.defer(() => void control.kill('SIGKILL'));
	let log = '';
	control.stderr?.on('data', (part) => {
		log += part;
	});
	const admin = '{"admin":{"address":{"socketAddress":{"address":"127.0.0.1","portValue":9902}}}}';
	const envoyWords = [
		'-c',
		join(folder, 'bootstrap.json'),
		'--config-yaml',
		admin,
		'--disable-hot-restart',
		'--log-level',
		'off',
	];
	const envoy = host.spawn(await findEnvoy(), envoyWords, { stdio: 'ignore' });
	stack.defer(() => void envoy.kill('SIGKILL'));
	const door = { address: '127.0.0.1', port: 8088, host: 'pages.shop' };

	test('the Envoy gets its configuration', async () => {
		await eventually(
			() => app.get(door),
			({ body }) => body === 'v1',
		);
	});

	test('the API answers at the address that the page has for aws, by the same certificate', () => {
		const [, address = ''] = /AWS_ENDPOINT_URL_APP_MESH=(https:[^`\s]+)/.exec(page?.text ?? '') ?? [];
		const ask = `fetch('${address}/v20190125/meshes').then((reply) => reply.text()).then(console.log)`;
		const found = host.tryRun(process.execPath, ['-e', ask], { env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') } });
		assert.match(found.stdout, /"meshName":"shop"/, `${address}: ${found.stderr}`);
	});

	test('both take what is renewed, and no request fails', async () => {
		const load = await app.startLoad(door, 1);
		const renewed = (comment: string, names: readonly string[]) => {
			const made = names.reduce((text, name) => text.replace(` ${name}`, ` new-${name}`), commandsOf(PAGE, comment));
			run(made);
			run(names.map((name) => `mv new-${name} ${name}`).join('\n'));
		};
		renewed(DOOR, ['key.pem', 'certificate.pem']);
		renewed('the control plane, for a year', ['control.key', 'control.pem']);
		await eventually(
			() => log,
			(text) => text.includes('"event":"certificates are read again","subject":"CN=control"'),
		);
		const serial = serialOf('certificate.pem').toLowerCase();
		const certs = "fetch('http://127.0.0.1:9902/certs').then((r) => r.text()).then(console.log)";
		await eventually(
			() => host.run(process.execPath, ['-e', certs]),
			(text) => text.includes(serial),
		);
		assert.deepEqual(Object.keys(await load.stop()), ['v1']);
	});
});
