import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewProxyIdentity, ProxyRuntime, ProxySpec, RunningProxy } from '../../src/envoy/runtime.ts';
import { Failure } from '../../src/failure.ts';
import { createDockerRuntime } from '../../src/host/docker/docker-runtime.ts';
import { runWithExeca } from '../../src/host/process/execa-run.ts';
import { createProcessNotes } from '../../src/host/process/orphans.ts';
import { createProcessRuntime } from '../../src/host/process/process-runtime.ts';
import { createHost } from '../lab/net/host.ts';
import { isAlive, killAll } from '../lab/net/processes.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { startDockerd } from '../lab/services/dockerd.ts';
import { importImage } from '../lab/services/image.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryProxies, type Program, type Run } from '../support/memory-proxy.ts';
import { unasked } from '../support/proxy-spec.ts';

const signal = AbortSignal.timeout(600_000);

/** Where Envoys run, and what can be seen of it from outside. */
interface Fixture {
	/** Of a daemon that has just been started. */
	readonly runtime: () => Promise<ProxyRuntime>;
	/** How a program is started that does what these words say: see `does`. */
	readonly spec: (...words: readonly string[]) => ProxySpec;
	/** Something that this host does not have. */
	readonly missing: ProxySpec;
	/** Of an Envoy's own. */
	readonly adminFolder: string;
	/** How many there are, running or not. */
	readonly count: () => number;
	/** By SIGKILL, behind our back. */
	readonly kill: (proxy: RunningProxy) => void;
	/** Envoys outlive the daemon. */
	readonly areKept: boolean;
	/** Takes away what a case that failed has left. */
	readonly forget: () => void;
	/** The id of the one that goes by the name of ours, where there are names. */
	readonly bearer: () => string | undefined;
}

const spec: ProxySpec = {
	...{ image: '', pull: 'never', command: '/usr/bin/perl', args: [], env: { GREETING: 'two words' } },
	...{ uid: 1337, gid: 4242, files: {} },
	...unasked,
};

/** What a program can be told to do, one after the other. `wait`: for SIGTERM; `linger`: and longer; `deaf`: for SIGKILL. */
const does = `
$| = 1;
my $told = 0;
$SIG{TERM} = sub { $told = 1 };
while (defined(my $word = shift)) {
	if ($word eq 'say') { print shift, "\\n" }
	elsif ($word eq 'complain') { syswrite(STDERR, shift . "\\n") }
	elsif ($word eq 'who') { print "$> ", $) + 0, " $ENV{GREETING}\\n" }
	elsif ($word eq 'half') { print shift }
	elsif ($word eq 'exit') { exit shift }
	elsif ($word eq 'wait') { while (!$told) { select(undef, undef, undef, 0.01) } exit 3 }
	elsif ($word eq 'linger') { while (!$told) { select(undef, undef, undef, 0.01) } select(undef, undef, undef, 0.4); exit 4 }
	elsif ($word eq 'deaf') { while (1) { sleep 1 } }
}`;

/** The same words; undefined where the next one is to be looked at. */
const words: Readonly<Record<string, (run: Run, next: () => string) => Promise<number> | undefined>> = {
	say: ({ say }, next) => void say(next()),
	complain: ({ say }, next) => void say(next()),
	half: ({ say }, next) => void say(next()),
	who: ({ say, spec: { uid, gid, env } }) => void say(`${uid} ${gid} ${env['GREETING']}`),
	exit: async (_, next) => Number(next()),
	wait: ({ terminated }) => terminated.then(() => 3),
	linger: ({ terminated }) => terminated.then(() => sleep(50, 4)),
	deaf: () => new Promise(() => undefined),
};

const inMemory: Program = async (run) => {
	const told = run.spec.args.values();
	for (const word of told) {
		const code = await words[word]?.(run, () => String(told.next().value));
		if (code !== undefined) return code;
	}
	return 0;
};

interface Started {
	readonly proxy: RunningProxy;
	readonly lines: readonly string[];
	/** Once it has said so many lines. */
	readonly said: (count: number) => Promise<readonly string[]>;
}

const identityIn = ({ adminFolder }: Fixture, instance: string): NewProxyIdentity => ({
	instance,
	hash: 'hash',
	admin: { socketPath: join(adminFolder, randomUUID(), 'admin') },
});

async function start(place: Fixture, runtime: ProxyRuntime, ...words: readonly string[]): Promise<Started> {
	const lines: string[] = [];
	const wanted = place.spec(...words);
	await runtime.prepare(wanted, () => undefined, signal);
	const identity = identityIn(place, `instance of ${words.join(' ')}`);
	const proxy = await runtime.start(wanted, identity, (line) => lines.push(line), signal);
	const said = (count: number) =>
		eventually(
			() => lines,
			({ length }) => length >= count,
		);
	return { proxy, lines, said };
}

/** What the core believes of every runtime, whatever is behind it. Each begins with none running and leaves none. */
const contract: Readonly<Record<string, (place: Fixture, runtime: ProxyRuntime) => Promise<void>>> = {
	async 'what is not there is told before anything is started'({ missing, count }, runtime) {
		await assert.rejects(
			runtime.prepare(missing, () => undefined, signal),
			(error) => {
				assert.ok(error instanceof Failure);
				assert.match(error.message, /^Cannot start Envoy: .*nowhere/);
				assert.notEqual(error.remedy, '');
				return true;
			},
		);
		assert.equal(count(), 0);
	},

	async 'what cannot be started is told, and nothing of it is left'(place, runtime) {
		await assert.rejects(
			runtime.start(place.missing, identityIn(place, 'i'), () => undefined, signal),
			Failure,
		);
		assert.equal(place.count(), 0);
	},

	async 'what is there comes to the same each time, as long as it is the same'({ spec }, runtime) {
		const exact = () => runtime.prepare(spec('exit', '0'), () => undefined, signal);
		const first = await exact();
		assert.notEqual(first, '');
		assert.equal(await exact(), first);
	},

	async 'it runs as the user and group, with the arguments and variables that it was given'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'who', 'wait');
		assert.deepEqual(await said(1), ['1337 4242 two words']);
		await proxy.stop(5_000);
	},

	async 'it is known by the identity that it was given, and by an id and a time of its own'(place, runtime) {
		const { proxy } = await start(place, runtime, 'wait');
		assert.deepEqual([proxy.instance, proxy.hash, proxy.image], ['instance of wait', 'hash', place.spec().image]);
		assert.notEqual(proxy.id, '');
		assert.ok(!Number.isNaN(Date.parse(proxy.startedAt)), proxy.startedAt);
		await proxy.stop(5_000);
	},

	async 'what it says arrives line by line while it runs, whichever way it says it'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'say', 'one', 'say', 'a $(b) "c"', 'complain', 'three', 'wait');
		assert.deepEqual((await said(3)).toSorted(), ['a $(b) "c"', 'one', 'three']);
		await proxy.stop(5_000);
	},

	async 'what it says last is heard, with no line end too, by the time that its end is told'(place, runtime) {
		const { proxy, lines } = await start(place, runtime, 'say', 'one', 'half', 'the last words', 'exit', '0');
		await proxy.exited;
		assert.deepEqual(lines, ['one', 'the last words']);
		await proxy.stop(0);
	},

	async 'its exit code is told'(place, runtime) {
		const { proxy } = await start(place, runtime, 'exit', '7');
		assert.deepEqual(endOf(await proxy.exited), [7, undefined]);
		await proxy.stop(0);
	},

	async 'the signal that ended it is told'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'say', 'up', 'wait');
		await said(1);
		place.kill(proxy);
		assert.deepEqual(endOf(await proxy.exited), [undefined, 'SIGKILL']);
		await proxy.stop(0);
	},

	async 'told to stop it ends in its own way within its time, and nothing of it is left'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'say', 'up', 'linger');
		await said(1);
		assert.deepEqual(endOf(await proxy.stop(20_000)), [4, undefined]);
		assert.deepEqual(endOf(await proxy.exited), [4, undefined]);
		assert.equal(place.count(), 0);
	},

	async 'one that does not end in its time is ended, and nothing of it is left'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'say', 'up', 'deaf');
		await said(1);
		assert.deepEqual(endOf(await proxy.stop(1_000)), [undefined, 'SIGKILL']);
		assert.equal(place.count(), 0);
	},

	async 'without any time it is ended at once, however well it would have ended'(place, runtime) {
		const { proxy, said } = await start(place, runtime, 'say', 'up', 'wait');
		await said(1);
		assert.deepEqual(endOf(await proxy.stop(0)), [undefined, 'SIGKILL']);
		assert.equal(place.count(), 0);
	},

	async 'one that has ended may be stopped, also twice, and then nothing of it is left'(place, runtime) {
		const { proxy } = await start(place, runtime, 'exit', '7');
		await proxy.exited;
		assert.deepEqual(endOf(await proxy.stop(1_000)), [7, undefined]);
		assert.deepEqual(endOf(await proxy.stop(0)), [7, undefined]);
		assert.equal(place.count(), 0);
	},

	async 'a second one runs beside the first, and the end of one is not the end of the other'(place, runtime) {
		const first = await start(place, runtime, 'say', 'first', 'wait');
		const second = await start(place, runtime, 'say', 'second', 'wait');
		await Promise.all([first.said(1), second.said(1)]);
		assert.equal(place.count(), 2);
		assert.notEqual(first.proxy.id, second.proxy.id);
		await first.proxy.stop(5_000);
		assert.equal(place.count(), 1);
		assert.deepEqual([first.lines, second.lines], [['first'], ['second']]);
		assert.equal(await isRunning(second.proxy), true);
		await second.proxy.stop(5_000);
	},

	async 'the first bears the name until another is promoted; that may be said twice'(place, runtime) {
		const first = await start(place, runtime, 'wait');
		const second = await start(place, runtime, 'say', 'second', 'wait');
		if (place.bearer() !== undefined) assert.equal(place.bearer(), first.proxy.id);
		await first.proxy.stop(5_000);
		await second.proxy.promote();
		await second.proxy.promote();
		if (place.areKept) assert.equal(place.bearer(), second.proxy.id);
		const third = await start(place, runtime, 'say', 'third', 'wait');
		if (place.areKept) assert.equal(place.bearer(), second.proxy.id);
		await Promise.all([second, third].map(({ proxy }) => proxy.stop(5_000)));
	},

	async 'the next daemon finds what outlives a daemon, with its identity, hears it and can end it'(place, runtime) {
		if (!place.areKept) return assert.deepEqual(await runtime.adopt(() => undefined, signal), []);
		const { proxy } = await start(place, runtime, 'say', 'up', 'wait', 'say', 'never');
		await runtime.close(false);
		const next = await place.runtime();
		const [found, ...others] = await next.adopt(() => undefined, signal);
		assert.deepEqual(others, []);
		for (const part of ['id', 'instance', 'hash', 'image', 'startedAt'] as const)
			assert.equal(found?.[part], proxy[part], part);
		assert.deepEqual(endOf(await found?.stop(5_000)), [3, undefined]);
		assert.equal(place.count(), 0);
		await next.close(false);
	},

	async 'the next daemon takes away what does not run any more'(place, runtime) {
		const { proxy } = await start(place, runtime, 'exit', '1');
		await proxy.exited;
		await runtime.close(false);
		const next = await place.runtime();
		assert.deepEqual(await next.adopt(() => undefined, signal), []);
		assert.equal(place.count(), 0);
		await next.close(false);
	},

	async 'one that can be asked has no trouble'(_, runtime) {
		assert.equal(runtime.problem(), '');
	},
};

const endOf = (exit: Awaited<RunningProxy['exited']> | undefined) => [exit?.code, exit?.signal];
const isRunning = ({ exited }: RunningProxy) => Promise.race([exited.then(() => false), turn().then(() => true)]);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function hold(place: Fixture, title: string): Promise<void> {
	const runtime = await place.runtime();
	try {
		await contract[title]?.(place, runtime);
		await runtime.close(true);
		assert.equal(place.count(), 0, 'nothing is left');
		if (existsSync(place.adminFolder)) assert.deepEqual(readdirSync(place.adminFolder), []);
	} finally {
		await runtime.close(false);
		place.forget();
	}
}

for (const title of Object.keys(contract))
	test(`Envoys in memory: ${title}`, () => {
		const world = createMemoryProxies({ programs: { program: inMemory } });
		return hold(
			{
				runtime: async () => world.runtime(),
				spec: (...args) => ({ ...spec, command: 'program', args }),
				missing: { ...spec, command: 'nowhere' },
				adminFolder: '/nowhere',
				count: () => world.instances().length,
				forget: () => undefined,
				bearer: world.nameHolder,
				kill({ id }) {
					const body = world.instances().find((one) => one.id === id);
					if (body !== undefined) world.end(body, { code: undefined, signal: 'SIGKILL' });
				},
				areKept: true,
			},
			title,
		);
	});

test('Envoys as processes', async (context) => {
	using scratch = createScratch('programs');
	const script = join(scratch.path, 'does.pl');
	writeFileSync(script, does);
	const pids: number[] = [];
	const place: Fixture = {
		async runtime() {
			const runtime = createProcessRuntime({
				notes: createProcessNotes(scratch.path),
				adminFolder: place.adminFolder,
				run: runWithExeca,
			});
			return {
				...runtime,
				async start(...args) {
					const proxy = await runtime.start(...args);
					pids.push(pidOf(proxy.id));
					return proxy;
				},
			};
		},
		spec: (...args) => ({ ...spec, args: [script, ...args] }),
		missing: { ...spec, command: '/nowhere/envoy' },
		adminFolder: join(scratch.path, 'admin'),
		count: () => pids.filter(isAlive).length,
		forget: () => killAll(() => pids.filter(isAlive)),
		bearer: () => undefined,
		kill: ({ id }) => void process.kill(pidOf(id), 'SIGKILL'),
		areKept: false,
	};
	for (const title of Object.keys(contract)) await context.test(title, () => hold(place, title));
});

const pidOf = (id: string): number => Number(/^pid (\d+)$/.exec(id)?.[1]);

test('Envoys in a real Docker', async (context) => {
	using lab = createHost({ container: false });
	await using docker = await startDockerd(lab);
	importImage(docker, { tag: 'program:1', program: '/usr/bin/perl', files: { 'does.pl': does } });
	const list = (...args: readonly string[]) =>
		docker
			.docker(['ps', '--all', ...args])
			.split('\n')
			.filter(Boolean);
	const adminFolder = join(docker.folder, 'admin');
	const options = { name: 'envoy', owner: docker.folder, adminFolder, logins: { authFor: async () => undefined } };
	const image = 'program:1';
	const place: Fixture = {
		runtime: () => createDockerRuntime({ socket: docker.socket, pullStallMs: 5_000, ...options }),
		spec: (...args) => ({ ...spec, image, args: ['/does.pl', ...args] }),
		missing: { ...spec, image: 'nowhere:1' },
		adminFolder,
		count: () => list('--quiet').length,
		forget: () => void docker.tryDocker(['rm', '--force', ...list('--quiet')]),
		bearer: () => list('--filter', 'name=^envoy$', '--format', '{{.ID}}')[0],
		kill: ({ id }) => void docker.docker(['kill', id]),
		areKept: true,
	};
	for (const title of Object.keys(contract)) await context.test(title, () => hold(place, title));
});
