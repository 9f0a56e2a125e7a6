// An etcd that speaks TLS, and knows who is there by certificates.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startEtcd } from '../../lab/services/etcd.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { createAuthority } from '../../support/certificates.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const FROM = 'etcd://localhost:2379/turnout/mesh';

describe('an etcd with certificates', async () => {
	const stack = suiteStack();
	const { path } = stack.use(createScratch('etcd-tls'));
	const host = stack.use(createNamespace('etcd'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const authority = createAuthority(path, 'authority');
	const stranger = createAuthority(path, 'stranger');
	const [server, root, control, reader, unknown] = [
		authority.issue('server', ['localhost']),
		...['root', 'control', 'reader'].map((name) => authority.issue(name, [name])),
		stranger.issue('unknown', ['unknown']),
	];
	assert.ok(root && control && reader && unknown);
	for (const { privateKey } of [control, reader, unknown]) {
		chmodSync(privateKey, 0o600);
		chownSync(privateKey, NOBODY, NOBODY);
	}
	const etcd = stack.use(
		await startEtcd(host, {
			...{ scheme: 'https', address: '127.0.0.1' },
			args: [
				...['--cert-file', server.certificateChain, '--key-file', server.privateKey],
				...['--client-cert-auth', '--trusted-ca-file', authority.path],
			],
			ctlArgs: [
				...['--cacert', authority.path, '--cert', root.certificateChain, '--key', root.privateKey],
				'--insecure-skip-tls-verify',
			],
		}),
	);
	for (const words of [
		...[
			['user', 'add', 'root', '--no-password'],
			['user', 'grant-role', 'root', 'root'],
		],
		...[
			['role', 'add', 'writer'],
			['role', 'grant-permission', 'writer', 'readwrite', '/turnout/mesh/', '--prefix=true'],
		],
		...[
			['role', 'add', 'reader'],
			['role', 'grant-permission', 'reader', 'read', '/turnout/mesh/', '--prefix=true'],
		],
		...[
			['user', 'add', 'control', '--no-password'],
			['user', 'grant-role', 'control', 'writer'],
		],
		...[
			['user', 'add', 'reader', '--no-password'],
			['user', 'grant-role', 'reader', 'reader'],
			['auth', 'enable'],
		],
	])
		etcd.ctl(...words);
	const envOf = ({ certificateChain, privateKey }: typeof control, ca = authority.path) => ({
		...{ TURNOUT_ETCD_CA: ca, TURNOUT_ETCD_CERTIFICATE: certificateChain, TURNOUT_ETCD_KEY: privateKey },
		TURNOUT_MESH: FROM,
	});
	const start = ({ certificateChain, privateKey }: typeof control) => {
		const folder = stack.use(createScratch('control'));
		chownSync(folder.path, NOBODY, NOBODY);
		const settings = join(folder.path, 'turnout.yaml');
		const own = { etcdCa: authority.path, etcdCertificate: certificateChain, etcdKey: privateKey };
		writeFileSync(settings, JSON.stringify({ mesh: { definitions: FROM, ...own } }));
		return startControl(host, folder.path, '--config', settings, '--definitions', FROM);
	};

	test("a control is known by its certificate's name, and writes; so is a host, and reads", async () => {
		await using program = await start(control);
		assert.equal((await program.ask('PUT', '/meshes', { meshName: 'm' })).metadata?.version, 1, program.log());
		const identity = { uid: NOBODY, gid: NOBODY };
		const { stdout, stderr } = host.tryRun(turnoutProgram, ['mesh', 'check'], { env: envOf(reader), ...identity });
		assert.match(stdout, /No mistakes: m/, stderr);
	});

	test('who may only read is told so when it writes', async () => {
		await using program = await start(reader);
		const { message } = await program.ask('PUT', '/meshes', { meshName: 'n' });
		assert.match(message, /the user may not do that .*role grant-permission/);
	});

	test('certificates of somebody else, on either side, are told with what to set', async () => {
		const check = (env: Readonly<Record<string, string>>) =>
			turnout(host, ['mesh', 'check', '--config', join(path, 'turnout.yaml')], { env });
		writeFileSync(join(path, 'turnout.yaml'), '');
		chownSync(unknown.privateKey, 0, 0);
		assert.match(check(envOf(unknown)).stderr, /it does not accept our certificate .*\n.*mesh\.etcdCertificate/);
		chownSync(reader.privateKey, 0, 0);
		const mistaken = check(envOf(reader, stranger.path)).stderr;
		assert.match(mistaken, /its certificate is not accepted .*\n.*mesh\.etcdCa \(TURNOUT_ETCD_CA\)/);
		chmodSync(reader.privateKey, 0o644);
		assert.match(check(envOf(reader)).stderr, /Cannot read .*reader\.key: its mode is 644/);
		const { TURNOUT_ETCD_KEY: _, ...without } = envOf(reader);
		assert.match(
			check(without).stderr,
			/mesh\.etcdKey \(default\): mesh\.etcdCertificate \(TURNOUT_ETCD_CERTIFICATE\) and it belong together/,
		);
		assert.match(check({ TURNOUT_MESH: FROM }).stderr, /Cannot read etcd:\/\/localhost:2379\/turnout\/mesh: /);
	});
});
