// What the demo with Docker shows beside the table: an Envoy that is replaced under load, logs, metrics, and no secret in them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../src/status/types.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Load } from '../lab/net/peer.ts';
import { askSocket } from '../lab/net/socket.ts';
import type { Docker } from '../lab/services/dockerd.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { type EchoConnection, openEchoConnection } from '../support/echo.ts';
import { eventually } from '../support/eventually.ts';
import { command } from './daemon.ts';
import type { Demo, Setup } from './demo.ts';
import { showPull } from './pull.ts';
import type { Screen } from './screen.ts';
import { ports } from './settings.ts';
import { claim } from './verdict.ts';

const { host, remote, otherRemote } = addresses;
export const ECHO_PORT = 7;

/** Another image, while clients connect almost without a pause and one connection stays open. */
export async function update({ screen, setup, claims }: Demo, daemon: TestDaemon, docker: Docker, image: string) {
	const startMs = performance.now();
	screen.tell('$ turnout update --image …:v2, under load …');
	using kept = await openEchoConnection(setup.host, { address: remote.v4, port: ECHO_PORT, uid: 1000 });
	const load = await startLoad(setup.peers, daemon, kept);
	const updating = command(setup.host, 'update', '--image', image, '--socket', daemon.socket);
	const [, pulled] = await showPull(screen, daemon.socket, updating);
	const containers = ownContainers(docker).length;
	const { made, failed, slowestMs, captured, asked, answered } = await load.stop();
	screen.step('$ turnout update --image …:v2', startMs);
	screen.fact('pulled', pulled);
	await showEnvoy(screen, daemon, docker);
	screen.fact('load', `8 clients, ${made} connections, ${failed} failed; the slowest took ${slowestMs.toFixed(0)} ms`);
	screen.fact('rules', `${captured} of them sent to Envoy, by the kernel's counters`);
	screen.fact('kept', `a connection from before, in the former Envoy: ${answered} of ${asked} answers`);
	const isTrue = failed === 0 && captured === made && answered === asked && containers === 2;
	const text = `${made} more while Envoy was replaced: none failed or got past, one stayed.`;
	const counts = `${failed} of ${made} failed, ${captured} were captured, ${answered} of ${asked} answers`;
	claims.push(claim(isTrue, text, `While Envoy was replaced ${counts}, ${containers} Envoys.`));
	await kept.close();
	await eventually(
		() => ownContainers(docker).length,
		(count) => count === 1,
	);
	screen.fact('former', 'has ended with its last connection');
}

interface LoadResult {
	readonly made: number;
	readonly failed: number;
	readonly slowestMs: number;
	/** How many of those made the rules have sent to Envoy, by the kernel's own counters. */
	readonly captured: number;
	/** In the connection that stays open. */
	readonly asked: number;
	readonly answered: number;
}

async function startLoad(peers: Setup['peers'], daemon: TestDaemon, kept: EchoConnection) {
	const before = capturedIn(await daemon.readStatus());
	const over = new AbortController();
	const talking = talk(kept, over.signal);
	const loads = await startClients(peers);
	return {
		async stop(): Promise<LoadResult> {
			const counts = await Promise.all(loads.map((load) => load.stop()));
			over.abort();
			const captured = capturedIn(await daemon.readStatus()) - before;
			const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
			return {
				made: sum(counts.map(({ connections }) => connections)),
				failed: sum(counts.flatMap(({ failures }) => Object.values(failures))),
				slowestMs: Math.max(...counts.map((count) => count.slowestMs)),
				captured,
				...(await talking),
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
function startClients({ app, world }: Setup['peers']): Promise<Load[]> {
	const more = { clients: 2, pauseMs: 10, timeoutMs: 20_000, limitMs: 120_000 };
	return Promise.all([
		app.startLoad({ address: remote.v4, port: 443, ...more }),
		app.startLoad({ address: remote.v6, port: 443, ...more }),
		world.startLoad({ address: host.v4, port: ports.app, from: otherRemote.v4, ...more }),
		world.startLoad({ address: host.v6, port: ports.app, from: otherRemote.v6, ...more }),
	]);
}

/** Until it is told to stop, or is not answered. */
async function talk({ echo }: EchoConnection, signal: AbortSignal) {
	const counts = { asked: 0, answered: 0 };
	while (!signal.aborted && counts.asked === counts.answered) {
		counts.asked += 1;
		if ((await echo('?').catch(() => undefined)) === '?') counts.answered += 1;
		await sleep(100);
	}
	return counts;
}

/** Which container it is, and how Docker runs it. */
export async function showEnvoy(screen: Screen, daemon: TestDaemon, { docker }: Docker): Promise<void> {
	const { state, container = '' } = (await daemon.readStatus()).envoy;
	const drops = 'capabilities dropped: {{join .HostConfig.CapDrop " "}}';
	const format = `user {{.Config.User}}, ${drops}{{if .HostConfig.ReadonlyRootfs}}, read-only{{end}}`;
	screen.fact(state.toUpperCase(), `${docker(['inspect', '--format', format, container]).trim()} (${container})`);
}

export const ownContainers = ({ docker }: Docker): string[] =>
	docker(['ps', '--all', '--quiet', '--filter', 'label=turnout.owner']).split('\n').filter(Boolean);

/** What there is to see of it from outside, and that no secret is among it. */
export async function inspect(demo: Demo, daemon: TestDaemon, { docker }: Docker, secrets: readonly string[]) {
	const { screen, setup, claims } = demo;
	const logsMs = performance.now();
	const logged = await command(setup.host, 'logs', '--tail', '1', '--socket', daemon.socket);
	screen.step('$ turnout logs --tail 1', logsMs);
	screen.note(`  … ${logged.trim().replace(/^\[\S+\] /, '')}`);
	const metricsMs = performance.now();
	const get = async (path: string) => (await askSocket(daemon.socket, 'GET', path)).text;
	const metrics = await get('/metrics');
	screen.step('GET /metrics', metricsMs);
	for (const line of metrics.split('\n').filter((text) => shownMetrics.test(text))) screen.note(`  ${line}`);
	const areCounted = metrics.includes('turnout_pulls_total{result="pulled"} 2\n');
	const said = [metrics, logged, daemon.log(), await get('/v1/status'), await get('/v1/events')];
	const areHidden = [...said, docker(['inspect', 'turnout-envoy'])].every((text) =>
		secrets.every((secret) => !text.includes(secret)),
	);
	const where = "in turnout's log, status, metrics, or in docker inspect.";
	claims.push(
		claim(areCounted, 'Both pulls are counted.', 'The pulls are counted wrongly.'),
		claim(areHidden, `No password or key ${where}`, `A password or key ${where}`),
	);
}

const shownMetrics =
	/^turnout_(pulls_total|envoy_restarts_total|envoy_state\{state="live"|connections_total.*captured)/;
