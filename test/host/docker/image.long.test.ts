// turnout's image in a real Docker, on a host whose network it gets as a container gets that of its pod or task.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Result } from '../../lab/net/namespace.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { loadOwnImage, makeOwnImage } from '../../lab/services/own-image.ts';
import { proxied } from '../../support/aws-appmesh.ts';
import { nameOf } from '../../support/calls.ts';
import { rulesOf, unhurried } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
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
	const untouched = rulesOf(lab.host);
	const peers = stack.use(await createPeers(lab));

	/** As `convert` and docs/pods-and-tasks.md have it: a root file system that is read-only, and no right but one. */
	const start = (args: readonly string[] = [], { options = [], env = {}, input = '' }: Started = {}): Result => {
		const bare = ['--read-only', '--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN', '--network', 'host'];
		const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
		const words = ['run', '--rm', '--interactive', ...bare, ...variables, ...options, tag, ...args];
		return lab.host.tryRun('/usr/bin/docker', words, { env: docker.env, input });
	};
	const clean = (options: readonly string[] = []): void => {
		assert.equal(start(['clean'], { options }).code, 0);
		assert.equal(rulesOf(lab.host), untouched);
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

	for (const { backend } of backends)
		test(`captures with ${backend}, and may run again`, async () => {
			// Sockets by which iptables-legacy asks the kernel are raw ones.
			const options = backend === 'iptables-legacy' ? ['--cap-add', 'NET_RAW'] : [];
			const args = ['init', '--backend', backend];
			for (const _ of [1, 2]) {
				const { code, stdout, stderr } = start(args, { options, env: { APPMESH_APP_PORTS: '8080' } });
				assert.equal(code, 0, stderr);
				assert.match(stdout, new RegExp(`^Interception is on: \\d+ rules for ipv4 and ipv6 in ${backend} `));
				assert.ok(isWhole(lab.host, backend));
			}
			await assertCaptured();
			clean(options);
		});

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
		for (const [options, env, args, expected] of [
			[['--cap-drop', 'NET_ADMIN'], controller, [], [1, /NET_ADMIN/]],
			[['--user', '1000'], controller, [], [1, /NET_ADMIN/]],
			[[], { ...controller, APPMESH_APP_PORTS: '70000' }, [], [1, /appPorts \(APPMESH_APP_PORTS\): "70000"/]],
			[[], {}, ['init', '--app-port'], [64, /--app-port/]],
		] as const) {
			const { code, stdout, stderr } = start(args, { options, env });
			assert.equal(stdout, '');
			assert.match(stderr, expected[1]);
			assert.equal(code, expected[0]);
		}
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('has the doctor, which knows what the container may and what was installed', () => {
		assert.equal(start([], { env: controller }).code, 0);
		const { stdout, stderr } = start(['doctor', '--json'], { env: controller });
		assert.equal(stderr, '');
		const findings = (JSON.parse(stdout) as { findings: readonly { check: string; outcome: string }[] }).findings;
		console.log(findings);
		clean();
	});

	test('has the CNI plugin, which needs SYS_ADMIN too', () => {
		using pause = createPeer(lab.container);
		const network = `/proc/${pause.pid}/ns/net`;
		const call = (command: string): Result =>
			start([], {
				options: ['--cap-add', 'SYS_ADMIN', '--cap-add', 'SYS_PTRACE', '--pid', 'host', '--entrypoint', '/opt/turnout/aws-appmesh'],
				env: { CNI_COMMAND: command, CNI_CONTAINERID: 'task-1', CNI_IFNAME: 'eth0', CNI_PATH: '/', CNI_NETNS: network },
				input: JSON.stringify(proxied),
			});
		assert.deepEqual(call('ADD'), { code: 0, stdout: '{"cniVersion":"1.0.0"}\n', stderr: '' });
		assert.match(ownRules(lab.container, 'iptables-nft'), /APPMESH_INGRESS/);
		assert.deepEqual(call('DEL'), { code: 0, stdout: '', stderr: '' });
		assert.equal(ownRules(lab.container, 'iptables-nft'), '');
		assert.equal(rulesOf(lab.host), untouched);
	});

	for (const [processor, architecture, machine] of [
		['x64', 'amd64', 'Advanced Micro Devices X-86-64'],
		['arm64', 'arm64', 'AArch64'],
	] as const)
		test(`for ${processor} is small, and has programs and libraries of it, and nothing to build or install with`, () => {
			const other = `registry.example/turnout:${architecture}`;
			loadOwnImage(docker, image, other, architecture);
			const size = Number(docker.docker(['image', 'inspect', '--format', '{{.Size}}', other]));
			assert.ok(size < MOST, `${size}`);
			const root = join(folder, architecture);
			unpack(other, root);
			const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
			assert.deepEqual(paths.filter(isLeftover), []);
			const programs = paths.filter((path) => /(^|\/)(node|nft|ip|nsenter|xtables-\w+-multi|[^/]+\.(so[.\d]*|node))$/.test(path));
			assert.ok(programs.length > 50);
			for (const path of programs) assert.ok(headerOf(join(root, path)).includes(machine), path);
			console.log(`${image.said}${architecture}: ${size} bytes, ${paths.length} files`);
			rmSync(root, { recursive: true });
		});
});
