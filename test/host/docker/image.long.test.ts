// turnout's image in a real Docker, on a host whose network it gets as a container gets that of its pod or task.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Finding } from '../../../src/doctor/finding.ts';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { benchImage } from '../../bench/image.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Result } from '../../lab/net/namespace.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { loadOwnImage, makeOwnImage, unpackOwnImage } from '../../lab/services/own-image.ts';
import { proxied } from '../../support/aws-appmesh.ts';
import { nameOf } from '../../support/calls.ts';
import { ownLines, unhurried } from '../../support/daemon.ts';
import { isWhole, ownRules } from '../../support/own-rules.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** In bytes, with Node. */
const MOST = 190_000_000;

/** What AWS's image is given: the pod of the 2019 guide, and what its controller made of one in 2023. */
const guide = {
	APPMESH_START_ENABLED: '1',
	APPMESH_IGNORE_UID: '1337',
	APPMESH_ENVOY_INGRESS_PORT: '15000',
	APPMESH_ENVOY_EGRESS_PORT: '15001',
	APPMESH_APP_PORTS: '8080',
	APPMESH_EGRESS_IGNORED_IP: addresses.metadata.v4,
};
const controller = { ...guide, APPMESH_EGRESS_IGNORED_PORTS: '22', APPMESH_ENABLE_IPV6: '1' };
const atAws = '/opt/amazon/bin/sidecar-proxy-route-manager.sh';

interface Started {
	/** NET_ADMIN unless given. */
	readonly rights?: readonly string[];
	/** Of `docker run`. */
	readonly options?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	readonly input?: string;
}

describe('the image', async () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	const docker = stack.use(await startDockerd(lab));
	const folder = stack.use(createScratch('own-image')).path;
	const image = makeOwnImage(join(folder, 'image'), ['x64', 'arm64']);
	const tag = 'registry.example/turnout:1';
	loadOwnImage(docker, image, tag);
	const peers = stack.use(await createPeers(lab));

	/** As `convert` and docs/pods-and-tasks.md have it: a root file system that is read-only, and no right but one. */
	const start = (
		args: readonly string[] = [],
		{ rights = ['NET_ADMIN'], options = [], env = {}, input = '' }: Started = {},
	): Result => {
		const bare = ['--read-only', '--cap-drop', 'ALL', '--network', 'host'];
		const added = rights.flatMap((each) => ['--cap-add', each]);
		const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
		const words = ['run', '--rm', '--interactive', ...bare, ...added, ...variables, ...options, tag, ...args];
		return lab.host.tryRun('/usr/bin/docker', words, { env: docker.env, input });
	};
	const clean = (started: Started = {}): void => {
		const { code, stderr } = start(['clean'], started);
		assert.equal(code, 0, stderr);
		assert.equal(ownLines(lab.host), 0);
	};
	const assertCaptured = async (): Promise<void> => {
		const answers = await Promise.all([
			...[addresses.remote.v4, addresses.remote.v6].map((to) => peers.app.connect(to, 443, unhurried)),
			...[addresses.host.v4, addresses.host.v6].map((to) => peers.world.connect(to, 8080, unhurried)),
			peers.app.connect(addresses.metadata.v4, 80, unhurried),
			peers.proxyUser.connect(addresses.remote.v4, 443, unhurried),
		]);
		const proxy = ['egress listener', 'egress listener', 'ingress listener', 'ingress listener'];
		assert.deepEqual(answers.map(nameOf), [...proxy, 'remote', 'remote']);
	};

	const testBackend = (backend: Dialect, started: Started = {}): Promise<void> =>
		test(`captures with ${backend}, and may run again`, async () => {
			for (const _ of [1, 2]) {
				const env = { APPMESH_APP_PORTS: '8080' };
				const { code, stdout, stderr } = start(['init', '--backend', backend], { ...started, env });
				assert.equal(code, 0, stderr);
				assert.match(stdout, new RegExp(`^Interception is on: \\d+ rules for ipv4 and ipv6 in ${backend} `));
				assert.ok(isWhole(lab.host, backend));
			}
			await assertCaptured();
			clean(started);
		});

	testBackend('iptables-nft');
	testBackend('nft');

	for (const [year, env] of Object.entries({ 2019: guide, 2023: controller }))
		for (const [how, args, options] of [
			['in place of the image of AWS', [], []],
			['as route-manager', ['route-manager'], []],
			['by the path of the script in the image of AWS', [], ['--entrypoint', atAws]],
		] as const)
			test(`takes the variables of ${year}, started ${how}`, async () => {
				const { code, stdout, stderr } = start(args, { env, options });
				assert.equal(code, 0, stderr);
				assert.match(stdout, /^Interception is on: |^=== Entering main loop ===$/m);
				await assertCaptured();
				clean();
			});

	test('is told by its exit code and standard error why it captures nothing', () => {
		for (const { args, expected, said, ...started } of [
			{ rights: [], env: controller, expected: 1, said: /NET_ADMIN/ },
			{ options: ['--user', '1000'], env: controller, expected: 1, said: /NET_ADMIN/ },
			{ env: { ...controller, APPMESH_APP_PORTS: '70000' }, expected: 1, said: /\(APPMESH_APP_PORTS\): "70000"/ },
			{ args: ['init', '--app-port'], expected: 64, said: /--app-port/ },
		]) {
			const { code, stdout, stderr } = start(args, started);
			assert.deepEqual([code, stdout], [expected, '']);
			assert.match(stderr, said);
		}
		assert.equal(ownLines(lab.host), 0);
	});

	test('has the doctor, which knows what the container may and what was installed', () => {
		assert.equal(start([], { env: controller }).code, 0);
		const { code, stdout } = start(['doctor', '--json'], { env: controller });
		const { checks } = JSON.parse(stdout) as { readonly checks: readonly Finding[] };
		assert.deepEqual(
			checks.filter(({ state }) => state !== 'ok').map(({ check, state }) => [check, state]),
			[['disk', 'warning']],
		);
		assert.equal(code, 0);
		const alone = JSON.parse(start(['doctor', '--json'], { rights: [] }).stdout) as { checks: readonly Finding[] };
		assert.deepEqual(
			alone.checks.filter(({ state }) => state === 'failure').map(({ check }) => check),
			['privileges'],
		);
		clean();
	});

	test('has the CNI plugin, which needs SYS_ADMIN too', () => {
		using pause = createPeer(lab.container);
		const network = `/proc/${pause.pid}/ns/net`;
		const call = (command: string): Result =>
			start([], {
				rights: ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE'],
				options: ['--pid', 'host', '--entrypoint', '/opt/turnout/aws-appmesh'],
				env: { CNI_COMMAND: command, CNI_CONTAINERID: 'task-1', CNI_IFNAME: 'eth0', CNI_PATH: '/', CNI_NETNS: network },
				input: JSON.stringify(proxied),
			});
		assert.deepEqual(call('ADD'), { code: 0, stdout: '{"cniVersion":"1.0.0"}\n', stderr: '' });
		assert.match(ownRules(lab.container, 'iptables-nft'), /APPMESH_INGRESS/);
		assert.deepEqual(call('DEL'), { code: 0, stdout: '', stderr: '' });
		assert.equal(ownRules(lab.container, 'iptables-nft'), '');
		assert.equal(ownLines(lab.host), 0);
	});

	// The last on this host: where it has tables, they are looked at, which takes a raw socket.
	testBackend('iptables-legacy', { rights: ['NET_ADMIN', 'NET_RAW'] });

	test('init in it takes about as long as what scripts/build has made', async () => {
		const [figure] = await benchImage({ runs: 5, seconds: 120 }, image);
		const { ours = 0, reference } = figure ?? {};
		assert.ok(ours > 0 && ours < 2 * (reference?.value ?? 0), JSON.stringify(figure));
	});

	for (const [architecture, machine] of [
		['amd64', 'Advanced Micro Devices X86-64'],
		['arm64', 'AArch64'],
	] as const)
		test(`for ${architecture} is small, and has programs and libraries of it, and nothing to build or install with`, () => {
			const root = join(folder, architecture);
			unpackOwnImage(image, root, architecture);
			const size = Number.parseInt(execFileSync('du', ['--bytes', '--summarize', root], { encoding: 'utf8' }), 10);
			assert.ok(size < MOST, `${size}`);
			const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
			assert.deepEqual(paths.filter(isLeftover), []);
			assert.equal(execFileSync('find', [root, '-perm', '/6000'], { encoding: 'utf8' }), '', 'it changes its user');
			const programs = paths.filter((path) =>
				/(^|\/)(node|nft|ip|nsenter|xtables-\w+-multi|[^/]+\.so[.\d]*|netlink\.node)$/.test(path),
			);
			assert.ok(programs.length > 100);
			const said = execFileSync('readelf', ['--file-header', ...programs], { cwd: root, encoding: 'utf8' });
			assert.deepEqual(new Set(said.match(/(?<=Machine: +)\S.*/g)), new Set([machine]));
			console.log(`${architecture}: ${size} bytes in ${paths.length} files`);
		});
});

/** Of shells, package managers, compilers, caches, lists of packages and sources. */
const isLeftover = (path: string): boolean =>
	/(^|\/)(sh|bash|dash|busybox|perl\d*|python\d*|npm|npx|corepack|apt[-\w]*|dpkg-\w+|gcc|g\+\+|ld|node_modules|cache|lists|log|sources\.list[.d]*|include|man)$/.test(
		path,
	) || /\.(ts|h|deb|a|pyc?|pl|map|yaml)$/.test(path);
