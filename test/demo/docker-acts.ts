// What the demo with Docker shows beside the table: a pull, an Envoy that is replaced under load, its logs and metrics.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../src/status/types.ts';
import { createKeptClient } from '../bench/kept-client.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Load } from '../lab/net/peer.ts';
import type { Docker } from '../lab/services/dockerd.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { command } from './daemon.ts';
import { type DockerWorld, ECHO_PORT, images, login } from './docker-world.ts';
import { type KeptConnection, keepConnection, type Talk } from './kept-connection.ts';
import { watchingPull } from './pull.ts';
import { ports } from './rows.ts';
import { type Act, fact, fillColumn, type Place, type Stage, step, type Told } from './stage.ts';
import type { Claim } from './verdict.ts';

const { host, remote, otherRemote } = addresses;
const GONE_MS = 60_000;

/** Another image, while clients connect almost without a pause and one connection stays open. */
export const update =
	(world: DockerWorld): Act =>
	async (stage, daemon, witness) => {
		const { lab, docker } = world;
		const startMs = performance.now();
		if (stage.screen.isLive) stage.screen.tell('$ turnout update --image …:v2, under load …');
		using kept = await keepConnection(lab.host, remote.v4, ECHO_PORT);
		const load = await startLoad(stage.place, daemon, kept);
		const updating = command(lab.host, 'update', '--image', images.v2, '--socket', daemon.socket);
		const { pulled } = await watchingPull(stage.screen, daemon.socket, updating);
		const containers = ownContainers(docker).length;
		const result = { ...(await load.stop()), containers };
		step(stage, '$ turnout update --image …:v2', startMs);
		fact(stage, 'pulled', pulled);
		await tellLive(stage, docker, daemon);
		tellLoad(stage, result);
		await kept.close();
		await untilAlone(docker);
		fact(stage, 'former', 'has ended with its last connection');
		await fillColumn(stage, 'after update', witness);
	};

interface LoadResult {
	readonly made: number;
	readonly failed: number;
	readonly slowestMs: number;
	/** How many of those made the rules have sent to Envoy, by the kernel's own counters. */
	readonly captured: number;
	readonly talk: Talk;
}

async function startLoad({ actors }: Place, daemon: TestDaemon, kept: KeptConnection) {
	const before = capturedIn(await statusOf(daemon));
	const over = new AbortController();
	const talking = kept.talk(over.signal);
	const storms = await startStorms(actors);
	return {
		async stop(): Promise<LoadResult> {
			const counters = await Promise.all(storms.map((storm) => storm.stop()));
			over.abort();
			const captured = capturedIn(await statusOf(daemon)) - before;
			const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
			return {
				made: sum(counters.map(({ connections }) => connections)),
				failed: sum(counters.flatMap(({ failures }) => Object.values(failures))),
				slowestMs: Math.max(...counters.map((tally) => tally.slowestMs)),
				captured,
				talk: await talking,
			};
		},
	};
}

const capturedIn = ({ counters: { ingress, egress } }: Status): number => ingress.connections + egress.connections;

/**
 * 8 clients, both ways and families. They leave time to others, and those outside have an address of their own: of two
 * connections that differ in nothing but the port that they dialled one gets another client's port by the redirection, as
 * long as the kernel remembers both, and Envoy's log would not name it any more.
 */
function startStorms({ app, world }: Place['actors']): Promise<Load[]> {
	const more = { clients: 2, pauseMs: 10, timeoutMs: 20_000, limitMs: 120_000 };
	return Promise.all([
		app.startLoad({ address: remote.v4, port: 443, ...more }),
		app.startLoad({ address: remote.v6, port: 443, ...more }),
		world.startLoad({ address: host.v4, port: ports.app, from: otherRemote.v4, ...more }),
		world.startLoad({ address: host.v6, port: ports.app, from: otherRemote.v6, ...more }),
	]);
}

function tellLoad(stage: Stage, load: LoadResult & { readonly containers: number }): void {
	const { made, failed, slowestMs, captured, talk, containers } = load;
	const { asked, answered } = talk;
	fact(stage, 'load', `8 clients, ${made} connections, ${failed} failed; the slowest took ${slowestMs.toFixed(0)} ms`);
	fact(stage, 'rules', `${captured} of them sent to Envoy, by the kernel's counters`);
	fact(stage, 'kept', `a connection from before, in the former Envoy: ${answered} of ${asked} answers`);
	const isTrue = failed === 0 && captured === made && answered === asked && containers === 2;
	const counts = `${failed} of ${made} failed, ${captured} were captured, ${answered} of ${asked} answers`;
	const wrong = `While Envoy was replaced ${counts}, ${containers} Envoys.`;
	const text = `${made} more while Envoy was replaced: none failed or got past, one stayed.`;
	stage.claims.push({ isTrue, text: isTrue ? text : wrong });
}

/** Which container it is, and how Docker runs it. */
export async function tellLive(told: Told, { docker }: Docker, daemon: TestDaemon): Promise<void> {
	const { envoy } = await statusOf(daemon);
	const id = envoy.container ?? '';
	const drops = 'capabilities dropped: {{join .HostConfig.CapDrop " "}}';
	const format = `user {{.Config.User}}, ${drops}{{if .HostConfig.ReadonlyRootfs}}, read-only{{end}}`;
	fact(told, envoy.state.toUpperCase(), `${docker(['inspect', '--format', format, id]).trim()} (${id})`);
}

const PULLS = 2;

/** What there is to see of it from outside, and that no secret is among it. */
export const lookAround =
	(world: DockerWorld): Act =>
	async (stage, daemon) => {
		const logsMs = performance.now();
		const logged = await command(world.lab.host, 'logs', '--tail', '1', '--socket', daemon.socket);
		step(stage, '$ turnout logs --tail 1', logsMs);
		stage.screen.note(`  … ${logged.trim().replace(/^\[\S+\] /, '')}`);
		const startMs = performance.now();
		using client = createKeptClient(daemon.socket);
		const metrics = await client.get('/metrics');
		step(stage, 'GET /metrics', startMs);
		for (const line of metrics.split('\n').filter((text) => shown.test(text))) stage.screen.note(`  ${line}`);
		const isTrue = metrics.includes(`turnout_pulls_total{result="pulled"} ${PULLS}\n`);
		stage.claims.push({ isTrue, text: isTrue ? 'Both pulls are counted.' : 'The pulls are counted wrongly.' });
		const told = [metrics, daemon.log(), logged, await client.get('/v1/status'), await client.get('/v1/events')];
		stage.claims.push(secrecy(world, told));
	};

const shown = /^turnout_(pulls_total|envoy_restarts_total|envoy_state\{state="live"|connections_total.*captured)/;

function secrecy({ docker: { docker }, role }: DockerWorld, told: readonly string[]): Claim {
	const secrets = [login.password, role.accessKeyId, role.secretAccessKey];
	const inspected = docker(['inspect', 'turnout-envoy']);
	const isTrue = [...told, inspected].every((text) => secrets.every((secret) => !text.includes(secret)));
	const where = "in turnout's log, status, metrics, or in docker inspect";
	return { isTrue, text: `${isTrue ? 'No password or key' : 'A password or key'} ${where}.` };
}

async function statusOf({ socket }: TestDaemon): Promise<Status> {
	using client = createKeptClient(socket);
	return JSON.parse(await client.get('/v1/status')) as Status;
}

export const ownContainers = ({ docker }: Docker): string[] =>
	docker(['ps', '--all', '--quiet', '--filter', 'label=turnout.owner']).split('\n').filter(Boolean);

async function untilAlone(docker: Docker): Promise<void> {
	const deadline = performance.now() + GONE_MS;
	while (ownContainers(docker).length !== 1) {
		if (performance.now() > deadline) throw new Error('The former Envoy does not end with its last connection');
		await sleep(50);
	}
}
