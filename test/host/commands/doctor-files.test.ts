// What the doctor finds in files: the mesh's definitions and certificates, state and its disk, the clock's mark.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { createAuthority } from '../../support/certificates.ts';
import { lookAt } from '../../support/doctor-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';
import { withMount } from '../../support/without.ts';

describe('turnout doctor and files', async () => {
	const stack = suiteStack();
	const { host, lab } = stack.use(await createDaemonHost({ envoy: [15_000, 15_001] }));
	const { path: folder } = stack.use(createScratch('doctor'));
	chmodSync(folder, 0o755);
	const state = join(folder, 'state');
	const usual = ['--socket', join(folder, 'none.sock'), '--state-directory', state];
	const look = (args: readonly string[] = [], through: readonly string[] = []) =>
		lookAt(host, [...usual, ...args], through);
	const inMesh = ['--mesh-node', 'lab/client', '--mesh-definitions', join(folder, 'mesh')];

	/** One node that calls another by TLS, and has a certificate itself. */
	const define = (listener: object, hostname = '10.9.9.8') => {
		mkdirSync(join(folder, 'mesh'), { recursive: true });
		const spec = {
			...{
				listeners: [{ portMapping: { port: 8080, protocol: 'http' }, tls: { mode: 'STRICT', certificate: listener } }],
			},
			serviceDiscovery: { dns: { hostname } },
			backends: [{ virtualService: { virtualServiceName: 'localhost' } }],
		};
		const api = {
			...{
				listeners: [{ portMapping: { port: 80, protocol: 'http' } }],
				serviceDiscovery: { dns: { hostname: '10.9.9.9' } },
			},
		};
		const provider = { virtualNode: { virtualNodeName: 'api' } };
		const all = [
			{ meshName: 'lab', spec: { egressFilter: { type: 'ALLOW_ALL' } } },
			{ meshName: 'lab', virtualNodeName: 'client', spec },
			{ meshName: 'lab', virtualNodeName: 'api', spec: api },
			{ meshName: 'lab', virtualServiceName: 'localhost', spec: { provider } },
		];
		for (const [at, one] of all.entries()) writeFileSync(join(folder, 'mesh', `${at}.json`), JSON.stringify(one));
	};
	const authority = createAuthority(folder, 'ca');

	test('certificates, names, mesh: those of the definitions, as they are', () => {
		assert.deepEqual(look().of('mesh'), ['ok']);
		const file = authority.issue('client', ['client.local'], 2);
		define({ file });
		const found = look(inMesh);
		assert.deepEqual(found.of('mesh'), ['ok']);
		assert.match(found.of('names').join(), /^warning: .*"localhost" is (127\.0\.0\.1|::1) on this host/);
		assert.match(found.of('certificates').join(), /^warning: .*client\.pem \(CN=client\) expires on .*, in 2 days$/);
		assert.equal(found.code, 0);
		chmodSync(file.privateKey, 0o600);
		assert.match(look(inMesh).of('certificates').join(), /failure: Envoy \(user 1337\) cannot read .*client\.key/);
		define({ file: { certificateChain: '/no/such.pem', privateKey: file.privateKey } });
		assert.match(look(inMesh).of('certificates').join(), /failure: .* cannot read \/no\/such\.pem: no such file/);
		define({ secret: 'a mistake' });
		assert.match(look(inMesh).of('mesh').join(), /^failure: .*1\.json:1: .*certificate/);
	});

	test('state: what is in its folder is of use, or not; others may write there, or not', () => {
		assert.deepEqual(look().of('state'), ['ok']);
		mkdirSync(state, { mode: 0o755 });
		writeFileSync(join(state, 'state.json'), '{"wanted":');
		assert.match(look().of('state').join(), /^warning: .*state\.json cannot be used \(it is not a JSON object\)/);
		writeFileSync(join(state, 'state.json'), '{"wanted":"enabled"}');
		assert.deepEqual(look().of('state'), ['ok']);
		chmodSync(state, 0o777);
		assert.match(look().of('state').join(), /^failure: users other than its owner may write to .* \(mode 777\)/);
		chmodSync(state, 0o755);
	});

	test('disk: little left, and read-only', () => {
		assert.deepEqual(look().of('disk'), ['ok']);
		const disk = (options: string) =>
			look(['--state-directory', join(folder, 'disk')], withMount(join(folder, 'disk'), options));
		assert.match(disk('size=8m').of('disk').join(), /^warning: .* has 8 MB left/);
		assert.match(disk('size=8m,ro').of('disk').join(), /^warning: .* is read-only: a daemon can keep no state/);
	});

	test('clock: systemd-timesyncd has the time, or has not', () => {
		const timesyncd = (then: string) => look([], withMount('/run/systemd', 'size=1m', then)).of('clock');
		const mark = '/run/systemd/timesync';
		assert.match(timesyncd(`mkdir ${mark}`).join(), /^warning: .*not synchronised/);
		assert.deepEqual(timesyncd(`mkdir ${mark}; touch ${mark}/synchronized`), ['ok']);
	});

	test('backend: all rules of others are in iptables-legacy, and ours are to be elsewhere', () => {
		host.run('sh', [
			'-c',
			'for each in iptables-nft ip6tables-nft; do for t in filter nat mangle raw; do $each -t $t -F; done; done',
		]);
		host.run('iptables-legacy', ['-A', 'INPUT', '-p', 'udp', '--dport', '9', '-j', 'DROP']);
		mkdirSync(state, { recursive: true });
		writeFileSync(join(state, 'state.json'), '{"dialect":"iptables-nft"}');
		assert.match(
			look().of('backend').join(),
			/^failure: the rules of other programs are in iptables-legacy now, ours are in iptables-nft/,
		);
		assert.deepEqual(look(['--backend', 'iptables-nft']).of('backend'), ['ok']);
		host.run('iptables-legacy', ['-F', 'INPUT']);
	});

	test('docker: a real one answers with its version', async () => {
		await using docker = await startDockerd(lab);
		const found = look([
			'--envoy-runtime',
			'docker',
			'--envoy-image',
			'envoy:1',
			'--envoy-docker-socket',
			docker.socket,
		]);
		assert.deepEqual(found.of('docker'), ['ok']);
		const [said] = found.findings.filter(({ check }) => check === 'docker');
		assert.ok(said?.state === 'ok' && /^version \d+\./.test(said.note), JSON.stringify(said));
	});
});
