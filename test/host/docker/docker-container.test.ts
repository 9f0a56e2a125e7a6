// What docs/envoy.md and docs/envoy-on-ec2.md say of Envoy's container, held against what Docker and the kernel have.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import type Docker from 'dockerode';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import type { DaemonOptions } from '../../lab/turnout.ts';
import { removeContainers } from '../../support/as-said.ts';
import { unhurried } from '../../support/daemon.ts';
import { createDockerHost, pidIn } from '../../support/docker-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const enabled = ['--start-enabled', '1'];

describe("Envoy's container", async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { path: folder } = stack.use(createScratch('files'));
	afterEach(() => removeContainers(place.docker));
	const inspect = () =>
		(JSON.parse(place.docker.docker(['inspect', 'turnout-envoy'])) as Docker.ContainerInspectInfo[])[0];

	test('has the network of the host, the user that is ignored, no right, and nothing to write to but /tmp', async () => {
		await using daemon = await place.start({ ignoreUids: '4711,root', ignoreGids: '4712' });
		const { Config, HostConfig } = inspect() ?? {};
		assert.equal(Config?.User, '4711:4712');
		assert.equal(HostConfig?.NetworkMode, 'host');
		assert.equal(HostConfig?.ReadonlyRootfs, true);
		assert.deepEqual(Object.keys(HostConfig?.Tmpfs ?? {}), ['/tmp']);
		assert.equal(HostConfig?.RestartPolicy?.Name, 'no');
		assert.deepEqual(facts(pidIn(place)), { Uid: '4711', Gid: '4712', CapEff: NONE, CapBnd: NONE, NoNewPrivs: '1' });
		assert.equal(Config?.Labels['turnout.owner'], join(daemon.folder, 'state'));
		for (const label of ['instance', 'hash']) assert.match(Config?.Labels[`turnout.${label}`] ?? '', /^[\da-f-]{16,}$/);
	});

	test('has one right where its sockets are transparent: as root, known by its group, it passes on what clients send', async () => {
		const settings = {
			ignoreUids: '4711',
			ignoreGids: '4712',
			ingressMode: 'tproxy',
			ingressKeepClient: 'application',
		};
		await using daemon = await place.start(settings);
		assert.deepEqual(facts(pidIn(place)), {
			Uid: '0',
			Gid: '4712',
			CapEff: NET_ADMIN,
			CapBnd: NET_ADMIN,
			NoNewPrivs: '1',
		});
		for (const address of [addresses.host.v4, addresses.host.v6])
			assert.partialDeepStrictEqual(await place.world.connect(address, 8080, unhurried), { by: 'app' });
		assert.partialDeepStrictEqual(await place.app.connect(addresses.remote.v4, 443, unhurried), { by: 'remote' });
		const { conditions, counters } = await daemon.readStatus();
		assert.deepEqual(
			conditions.filter(({ ok }) => !ok).map(({ subject }) => subject),
			[],
		);
		assert.deepEqual([counters.ingress.connections, counters.egress.connections], [2, 1]);
	});

	test('sees the bootstrap, the files that variables name and the folders of their sockets, read-only, and no other variable', async () => {
		const [tags, statsd] = [join(folder, 'tags.yaml'), join(folder, 'statsd')];
		writeFileSync(tags, 'stats_config: {stats_tags: [{tag_name: stage, fixed_value: prod}]}\n');
		mkdirSync(statsd);
		const env = {
			...{ ENVOY_STATS_CONFIG_FILE: tags, ENABLE_ENVOY_DOG_STATS: 'T', STATSD_SOCKET_PATH: join(statsd, 'a.sock') },
			AWS_SECRET_ACCESS_KEY: 'not for Envoy',
		};
		await using daemon = await start({ env });
		const { Config, Mounts = [] } = inspect() ?? {};
		const files = Mounts.filter(({ Type }) => Type === 'bind').map(({ Source, Destination, RW }) => [
			Source,
			Destination,
			RW,
		]);
		const state = join(daemon.folder, 'state');
		const bootstrap = join(state, readdirSync(state).find((name) => name.startsWith('envoy-')) ?? '');
		const base = `${daemon.socket}.envoy`;
		const admin = join(base, readdirSync(base)[0] ?? '');
		const expected = [bootstrap, tags, statsd].map((path) => [path, path, false]);
		assert.partialDeepStrictEqual(JSON.parse(readFileSync(bootstrap, 'utf8')), {
			statsConfig: { stats_tags: [{ tag_name: 'stage' }] },
			statsSinks: [{ typedConfig: { address: { pipe: { path: env.STATSD_SOCKET_PATH } } } }],
		});
		assert.deepEqual(files.toSorted(), [...expected, [admin, admin, true]].toSorted());
		const own = (Config?.Env ?? []).filter((line) => !line.startsWith('PATH='));
		assert.deepEqual(own.toSorted(), [
			'ENABLE_ENVOY_DOG_STATS=1',
			'ENABLE_ENVOY_DOG_STATSD=1',
			'ENVOY_ADMIN_ACCESS_PORT=9901',
			'ENVOY_LOG_LEVEL=info',
			`ENVOY_STATS_CONFIG_FILE=${tags}`,
			'LISTENER_DRAIN_WAIT_TIME_S=15',
			`STATSD_SOCKET_PATH=${env.STATSD_SOCKET_PATH}`,
		]);
	});

	test('has the limits and the log driver that the settings say, and its words are in turnout logs all the same', async () => {
		await using daemon = await start({}, { memoryMegabytes: 512, openFiles: 4096, logDriver: 'none' });
		const { HostConfig } = inspect() ?? {};
		assert.equal(HostConfig?.Memory, 512 * 1024 * 1024);
		assert.deepEqual(HostConfig?.Ulimits, [{ Name: 'nofile', Soft: 4096, Hard: 4096 }]);
		assert.equal(HostConfig?.LogConfig?.Type, 'none');
		assert.match(daemon.ask('logs').stdout, /starting main dispatch loop/);
	});

	test('has the options for its log driver, and those that the driver does not know are refused with the setting', async () => {
		await using daemon = await start({}, { logDriver: 'json-file', logOptions: 'max-size=1m,max-file=2' });
		assert.deepEqual(inspect()?.HostConfig.LogConfig, {
			Type: 'json-file',
			Config: { 'max-size': '1m', 'max-file': '2' },
		});
		assert.equal(await daemon.stop(), 0);
		await using refused = await start({}, { logDriver: 'json-file', logOptions: 'max-sighs=1' });
		assert.equal(await refused.ended, 1);
		assert.match(
			refused.log(),
			/^turnout: Cannot start Envoy: Docker .*max-sighs.*\nSee envoy\.logOptions \(TURNOUT_ENVOY_LOG_OPTIONS\)$/m,
		);
	});

	for (const [title, envoy, says] of [
		[
			'a log driver that Docker has not',
			{ logDriver: 'papyrus' },
			/papyrus.*\nSee envoy\.logDriver \(TURNOUT_ENVOY_LOG_DRIVER\)/,
		],
		['a mount that is not there', { mounts: '/nowhere/tls' }, /nowhere.*\nSee envoy\.mounts \(TURNOUT_ENVOY_MOUNTS\)/],
	] as const)
		test(`is not made with ${title}; the setting at fault is named`, async () => {
			await using refused = await start({}, envoy);
			assert.equal(await refused.ended, 1);
			assert.match(refused.log(), says);
		});

	const start = (options: DaemonOptions, envoy: object = {}) =>
		place.start({ envoy }, undefined, { ...options, args: enabled });
});

describe("Envoy's container, where Docker maps users", async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack, { isRemapped: true });

	test('runs all the same, as the user that is ignored', async () => {
		await using daemon = await place.start();
		assert.equal(daemon.status().envoy.state, 'live', daemon.log());
		assert.equal(facts(pidIn(place))['Uid'], '1337');
	});
});

const NONE = '0000000000000000';
/** 1 << 12 (linux/capability.h). */
const NET_ADMIN = '0000000000001000';

/** As the kernel has them. */
function facts(pid: number): Readonly<Record<string, string>> {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	const names = ['Uid', 'Gid', 'CapEff', 'CapBnd', 'NoNewPrivs'];
	return Object.fromEntries(
		names.map((name) => [name, new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '']),
	);
}
