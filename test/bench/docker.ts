import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrapText, passThroughBootstrap } from '../../src/envoy/bootstrap.ts';
import { parsePort } from '../../src/values/units.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { createPeer } from '../lab/net/peer.ts';
import { ids } from '../lab/net/peers.ts';
import type { LoadCounts } from '../lab/net/protocol.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { type Docker, startDockerd } from '../lab/services/dockerd.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { importEnvoy } from '../lab/services/image.ts';
import { startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createKeptClient } from './kept-client.ts';
import { interleave, type Patience, sum } from './samples.ts';
import { type Command, createStopwatch } from './stopwatch.ts';

const [IMAGE, OTHER, NOWHERE] = ['envoyproxy/envoy:v1.40.0', 'envoyproxy/envoy:other', 'nowhere:1'];
const LOAD_LIMIT_MS = 1_800_000;

/** Envoy in Docker: from nothing to LIVE, taken over by the next daemon, and replaced under clients. */
export async function benchDocker(patience: Patience): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const docker = stack.use(await startDockerd(lab));
	importEnvoy(docker, await findEnvoy());
	docker.docker(['tag', IMAGE, OTHER]);
	const bare = stack.use(await createBare(lab, docker));
	const { start, adopt, run } = await interleave(patience, {
		async start() {
			const { ms, daemon } = await timedStart(lab, docker);
			await daemon[Symbol.asyncDispose]();
			return ms;
		},
		async adopt() {
			const first = (await timedStart(lab, docker)).daemon;
			first.process.kill('SIGKILL');
			await first.ended;
			const { ms, daemon } = await timedStart(lab, docker, first.folder);
			await daemon[Symbol.asyncDispose]();
			await first[Symbol.asyncDispose]();
			return ms;
		},
		run: () => bare.run(),
	});
	const reference = { name: 'a bare docker run, to LIVE', values: run };
	return [
		compare("from the daemon's start to LIVE and rules", start, reference),
		compare('from its start to rules, where Envoy runs already', adopt, reference),
		...(await benchUpdates(lab, docker, patience, reference)),
	];
}

async function timedStart(lab: Host, { socket }: Docker, folder?: string) {
	const settings = ['--envoy-runtime', 'docker', '--envoy-image', IMAGE, '--envoy-docker-socket', socket];
	const args = [...settings, '--envoy-pull', 'never', '--start-enabled', '1', '--envoy-drain-seconds', '5'];
	const startMs = performance.now();
	const daemon = await startDaemon(lab.host, { args, ...(folder === undefined ? {} : { folder }) });
	return { ms: performance.now() - startMs, daemon };
}

interface Bare extends Disposable {
	/** Milliseconds from the command to LIVE; it is gone again then. */
	readonly run: () => Promise<number>;
	/** As one replaces a container by hand. */
	readonly replace: () => Promise<number>;
}

async function createBare(lab: Host, docker: Docker): Promise<Bare> {
	using stack = new DisposableStack();
	const stopwatch = stack.use(createStopwatch(lab.host));
	const bootstrap = join(stack.use(createScratch('bench-docker')).path, 'envoy.json');
	const ports = { ingressPort: parsePort('15000'), egressPort: parsePort('15001') };
	const admin = '{admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}}';
	writeFileSync(bootstrap, bootstrapText(passThroughBootstrap({ ...ports, hasIpv6: true, capturesBridges: false })));
	const words = ['run', '--detach', '--name', 'bare', '--network', 'host', '--user', '1337'];
	const mounted = [
		'--volume',
		`${bootstrap}:/envoy.json:ro`,
		IMAGE,
		'--config-path',
		'/envoy.json',
		`--config-yaml '${admin}'`,
	];
	const started = `/usr/bin/docker ${[...words, ...mounted].join(' ')}\n${untilLive}`;
	const command = (input: string): Command => ({ program: 'bash', args: ['-es'], input, env: docker.env });
	const remove = '/usr/bin/docker rm --force bare\n';
	const kept = stack.move();
	return {
		async run() {
			const ms = await stopwatch.time(command(started));
			await stopwatch.time(command(remove));
			return ms;
		},
		replace: () => stopwatch.time(command(`${remove}${started}`)),
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/** Without a program that may not be there; ten seconds at most. */
const untilLive = `
live() { exec 3<>/dev/tcp/127.0.0.1/9901 && printf 'GET /ready HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q LIVE <&3; }
for _ in {1..1000}; do if live 2>/dev/null; then exit 0; fi; sleep 0.01; done
exit 1
`;

/** Under eight clients: ours, one that cannot succeed, and the way by hand. */
async function benchUpdates(
	lab: Host,
	docker: Docker,
	{ runs, seconds }: Patience,
	reference: Parameters<typeof compare>[2],
): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	await stack.use(createPeer(lab.world)).listen('remote', [443]);
	const daemon = stack.use((await timedStart(lab, docker)).daemon);
	const client = stack.use(createKeptClient(daemon.socket));
	const often = Math.min(runs, MOST_UPDATES);
	const ours = await underClients(lab, often, seconds, async (at) => {
		const ms = await client.post('/v1/update', { image: at % 2 === 0 ? OTHER : IMAGE });
		while (docker.docker(['ps', '--quiet']).trim().split('\n').length > 1) await sleep(20);
		return ms;
	});
	const failing = await underClients(lab, often, seconds, () => refusedUpdate(client));
	const byHand = await replacedByHand(lab, docker, daemon, often, seconds);
	const counted = (name: string, of: Outcome): Figure => ({
		...{ name, unit: '', ours: of.failed, reference: { name: 'docker rm and docker run', value: byHand.failed } },
		limits: { on: 'value', goal: 0, must: 0 },
	});
	const slowest = (name: string, of: Outcome): Figure => ({
		...{
			name,
			unit: 'ms',
			ours: of.withoutMs,
			reference: { name: 'docker rm and docker run', value: byHand.withoutMs },
		},
		limits: { on: 'value', goal: 0 },
	});
	return [
		compare('update, to the reply', ours.ms, reference),
		counted(`${often} updates: connections that failed`, ours),
		slowest('the time without an Envoy, an update', ours),
		counted(`${often} updates that are rolled back: connections that failed`, failing),
		slowest('the time without an Envoy, an update that is rolled back', failing),
	];
}

const MOST_UPDATES = 10;

async function refusedUpdate(client: ReturnType<typeof createKeptClient>): Promise<number> {
	const startMs = performance.now();
	const isRefused = await client.post('/v1/update', { image: NOWHERE }).then(
		() => false,
		() => true,
	);
	if (!isRefused) throw new Error(`There should be no image ${NOWHERE}`);
	return performance.now() - startMs;
}

/** The daemon leaves, and its rules stay, so that what is by hand is Envoy alone. */
async function replacedByHand(lab: Host, docker: Docker, daemon: TestDaemon, often: number, seconds: number) {
	daemon.process.kill('SIGKILL');
	await daemon.ended;
	docker.docker(['rm', '--force', 'turnout-envoy']);
	using bare = await createBare(lab, docker);
	await bare.replace().catch(() => undefined);
	const outcome = await underClients(lab, often, seconds, () => bare.replace());
	docker.docker(['rm', '--force', 'bare']);
	return outcome;
}

interface Outcome {
	readonly ms: readonly number[];
	readonly failed: number;
	/** Of one change, on average: how long nobody was answered. */
	readonly withoutMs: number;
}

async function underClients(
	lab: Host,
	often: number,
	seconds: number,
	act: (at: number) => Promise<number>,
): Promise<Outcome> {
	using app = createPeer(lab.host, { uid: ids.app });
	const target = {
		address: addresses.remote.v4,
		port: 443,
		clients: 8,
		pauseMs: 5,
		timeoutMs: 20_000,
		limitMs: LOAD_LIMIT_MS,
	};
	await using load = await app.startLoad(target);
	const deadline = performance.now() + seconds * 1_000;
	const ms: number[] = [];
	let withoutMs = 0;
	for (let at = 0; at < often && (at === 0 || performance.now() < deadline); at += 1) {
		const before = await load.counts();
		ms.push(await act(at));
		const after = await load.counts();
		withoutMs += silence(before, after);
	}
	return { ms, failed: failures(await load.stop()), withoutMs: withoutMs / ms.length };
}

/** The share of the clients' connections that failed, of the time between two looks. */
function silence(before: LoadCounts, after: LoadCounts): number {
	const made = after.connections - before.connections;
	const failed = failures(after) - failures(before);
	return failed === 0 ? 0 : (failed / made) * (after.ms - before.ms);
}

const failures = ({ failures: all }: LoadCounts): number => sum(Object.values(all));
