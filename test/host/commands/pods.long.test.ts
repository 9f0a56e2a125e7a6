// Pods as podman's `kube play` runs them, with turnout's image in the place of AWS's route manager.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { importAnswerer, importImage } from '../../lab/services/image.ts';
import { makeOwnImage } from '../../lab/services/own-image.ts';
import { startPodman, whyNoPodman } from '../../lab/services/podman.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { unhurried } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { chapterPod } from '../../support/manifests.ts';
import { blocksOf, readPages } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const APP = 1000;
const images = { app: 'answerer:1', envoy: 'envoy:1', turnout: 'turnout:1' } as const;

/** One that passes on whatever it gets: a listener of `tcp`, and no egress filter. */
const definitions = [
	{ meshName: 'meshName', spec: { egressFilter: { type: 'ALLOW_ALL' } } },
	{
		...{ meshName: 'meshName', virtualNodeName: 'virtualNodeName' },
		spec: {
			listeners: [{ portMapping: { port: 8080, protocol: 'tcp' } }],
			serviceDiscovery: { dns: { hostname: 'service.default' } },
		},
	},
];

/** The guide's, with images that are here, and an application that answers. */
const chapter = chapterPod()
	.replace(
		'image: app:1',
		`image: ${images.app}\n      args: [app, "8080"]\n      securityContext: { runAsUser: ${APP} }`,
	)
	.replace(/image: \S+aws-appmesh-envoy\S+/, `image: ${images.envoy}`)
	.replace(/image: \S+route-manager\S+/, `image: ${images.turnout}`)
	.replace('"8080,22"', '"8080"')
	// By default podman starts an init container again that has ended as it should.
	.replace('spec:\n', 'spec:\n  restartPolicy: OnFailure\n');

/** What the controller of 2023 made of such a pod. */
const injected = chapter.replace(
	/$/,
	`        - name: "APPMESH_EGRESS_IGNORED_PORTS"
          value: "22"
        - name: "APPMESH_ENABLE_IPV6"
          value: "1"
`,
);

describe('a pod that podman runs', { skip: whyNoPodman() ?? false, concurrency: 1 }, async () => {
	const stack = suiteStack();
	if (whyNoPodman() !== undefined) return;
	const lab = stack.use(createHost({ container: false }));
	const podman = stack.use(await startPodman(lab, addresses.host));
	const folder = stack.use(createScratch('pods')).path;
	const mesh = join(folder, 'mesh.json');
	writeFileSync(mesh, JSON.stringify(definitions));
	const run = (args: readonly string[], input = '') => {
		const { code, stdout, stderr } = turnout(lab.host, args, { input });
		assert.equal(code, 0, stderr);
		return stdout;
	};
	const bootstrap = run(['mesh', 'render', '--pod', '--node', 'virtualNodeName', mesh]);
	const docker = { docker: podman.podman };
	importAnswerer(docker, images.app);
	importImage(docker, {
		...{ tag: images.envoy, program: await findEnvoy(), at: '/usr/local/bin/envoy' },
		...{ args: ['--config-path', '/envoy.json', '--log-level', 'off'], files: { 'envoy.json': bootstrap } },
	});
	importImage(docker, { tag: 'plain-envoy:1', program: await findEnvoy(), at: '/usr/local/bin/envoy' });
	const { archive } = makeOwnImage(join(folder, 'image'));
	podman.podman([
		'tag',
		podman.podman(['load', '--quiet', '--input', archive]).trim().split(' ').at(-1) ?? '',
		images.turnout,
	]);
	const world = stack.use(createPeer(lab.world));
	await world.listen('remote', [80]);
	afterEach(podman.removePods);

	/** Who answers, both ways in both families, and how many of these connections Envoy had. */
	async function assertThroughEnvoy(pod = 'service'): Promise<void> {
		const { v4, v6 } = podman.addressesOf(pod);
		const count = (port: number): number => {
			const { stdout } = lab.world.tryRun('curl', ['-s', `http://${v4}:9901/stats?filter=downstream_cx_total`]);
			return Number(
				new RegExp(`^listener\\.0\\.0\\.0\\.0_${port}\\.downstream_cx_total: (\\d+)$`, 'm').exec(stdout)?.[1] ?? -1,
			);
		};
		await eventually(
			() => count(15001),
			(counted) => counted >= 0,
		);
		const before = [count(15000), count(15001)] as const;
		using app = createPeer(podman.inside(pod), { uid: APP });
		const answers = await Promise.all([
			world.connect(v4, 8080, unhurried),
			world.connect(v6, 8080, unhurried),
			app.connect(addresses.remote.v4, 80, unhurried),
			app.connect(addresses.remote.v6, 80, unhurried),
		]);
		assert.deepEqual(answers.map(nameOf), ['app', 'app', 'remote', 'remote']);
		assert.deepEqual([count(15000) - before[0], count(15001) - before[1]], [2, 2]);
		assert.match(lab.world.run('curl', ['-sg', `http://[${v6}]:9901/ready`]), /^LIVE/);
	}

	const play = (manifest: string): void => {
		const { code, stderr, stdout } = podman.play(manifest);
		assert.equal(code, 0, `${stderr}${stdout}`);
	};

	for (const [what, manifest] of [
		['as the guide of 2019 has it', chapter],
		['as the controller of 2023 made it', injected],
	] as const)
		test(`${what}, with nothing changed but the images: its traffic goes through Envoy`, async () => {
			play(manifest);
			await assertThroughEnvoy();
		});

	test('as the documentation has it, to be written by hand', async () => {
		const page = readPages().find(({ path }) => path === 'docs/pods.md');
		const shown = page && blocksOf(page).find(({ text }) => text.startsWith('apiVersion: v1\nkind: Pod\n'))?.text;
		const manifest = `${shown}`
			.replace('image: turnout', `image: ${images.turnout}`)
			.replace(
				'image: cart',
				`image: ${images.app}\n      args: [app, "8080"]\n      securityContext: { runAsUser: ${APP} }`,
			)
			.replace(/image: envoyproxy.*/, 'image: plain-envoy:1')
			.replace('spec:\n', 'spec:\n  restartPolicy: OnFailure\n');
		const map = {
			apiVersion: 'v1',
			kind: 'ConfigMap',
			metadata: { name: 'cart-envoy' },
			data: { 'envoy.json': bootstrap },
		};
		play(`${JSON.stringify(map)}\n---\n${manifest}`);
		await assertThroughEnvoy('cart');
	});

	test('converted: Envoy has the configuration of its ConfigMap', async () => {
		const file = join(folder, 'pod.yaml');
		writeFileSync(file, chapter);
		const words = ['--image', images.turnout, '--envoy-image', 'plain-envoy:1', '--sidecar', 'container'];
		const converted = run(['convert', 'pod', file, '--definitions', mesh, ...words]);
		assert.equal(run(['convert', 'pod', '-', ...words], converted), converted);
		play(converted);
		await assertThroughEnvoy();
	});

	test('converted for a socket: Envoy has the configuration of a daemon on its node', async () => {
		await using daemon = await startDaemon(lab.host, {
			args: ['--mesh-definitions', mesh],
			env: { APPMESH_VIRTUAL_NODE_NAME: 'mesh/meshName/virtualNode/virtualNodeName' },
		});
		const words = ['--image', images.turnout, '--envoy-image', 'plain-envoy:1', '--sidecar', 'container'];
		const socket = ['--ads-socket', `${daemon.socket}.xds/ads/socket`];
		play(run(['convert', 'pod', '-', ...socket, ...words], chapter));
		await assertThroughEnvoy();
		assert.equal((await daemon.readStatus()).mesh?.settled, 1);
		podman.removePods();
	});

	test('whose Envoy is killed is captured on, and goes on once that is back', async () => {
		play(chapter);
		await assertThroughEnvoy();
		process.kill(Number(podman.podman(['inspect', '--format', '{{.State.Pid}}', 'service-envoy'])), 'SIGKILL');
		await assertThroughEnvoy();
	});

	test('whose containers are all killed, and start again, is captured again', async () => {
		// As Kubernetes does, podman runs its init containers then, too.
		const always = 'name: service\n  annotations: { io.podman.annotations.init.container.type: always }\n';
		play(chapter.replace('name: service\n', always));
		await assertThroughEnvoy();
		podman.podman(['pod', 'kill', 'service']);
		podman.podman(['pod', 'start', 'service']);
		await assertThroughEnvoy();
		const { stdout } = podman.tryPodman(['logs', 'service-proxyinit']);
		assert.equal(stdout.match(/^Interception is on: /gm)?.length, 2);
	});

	test('that grants turnout no NET_ADMIN does not start: it ends with 1, and says why', () => {
		const bare = chapter.replace(/capabilities:\n +add:\n +- NET_ADMIN/, 'readOnlyRootFilesystem: true');
		assert.notEqual(bare, chapter);
		const manifest = bare.replace('OnFailure', 'Never');
		assert.notEqual(podman.play(manifest).code, 0);
		assert.equal(podman.podman(['inspect', '--format', '{{.State.ExitCode}}', 'service-proxyinit']).trim(), '1');
		const { stderr } = podman.tryPodman(['logs', 'service-proxyinit']);
		assert.match(stderr, /^turnout: Cannot .*NET_ADMIN.*\n.+\n$/);
	});
});
