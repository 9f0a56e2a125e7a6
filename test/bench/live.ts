import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { createPeer } from '../lab/net/peer.ts';
import { ids } from '../lab/net/peers.ts';
import type { LoadCounts } from '../lab/net/protocol.ts';
import type { Dialect } from '../lab/net/restore.ts';
import { createScratch } from '../lab/net/scratch.ts';
import type { Script2019Settings } from '../lab/script-2019.ts';
import { startDaemon } from '../lab/turnout.ts';
import type { Backend } from '../support/dialects.ts';
import { createAnswerers } from './answerers.ts';
import type { Figure } from './figure.ts';
import { createKeptClient } from './kept-client.ts';
import { createPlace } from './places.ts';
import { scriptChange, scriptSettings, scriptStart } from './programs.ts';
import { lateAfter, median, sum } from './samples.ts';
import { createStopwatch, type Stopwatch } from './stopwatch.ts';

type Change = Pick<Script2019Settings, 'appPorts' | 'ignoredIps'>;

/** What the two ways change between: captured is the remote's port 443 in all of them. */
const settings: readonly [Change, ...Change[]] = [
	{ appPorts: [8080], ignoredIps: ['169.254.169.254', '169.254.170.2'] },
	{ appPorts: [8080, 9090], ignoredIps: ['169.254.169.254', '169.254.170.2'] },
	{ appPorts: [9090], ignoredIps: ['169.254.169.254', '169.254.170.2', '203.0.113.11'] },
	{ appPorts: [8080], ignoredIps: ['169.254.169.254'] },
];

export interface Pace {
	readonly changes: number;
	/** Then no further one is begun, however many were made. */
	readonly seconds: number;
}

/** One way of changing a setting of a host that is at work. */
interface Way extends AsyncDisposable {
	/** Rejects when it fails; the host then is as it happens to be. */
	readonly change: (to: Change) => Promise<unknown>;
}

/** A setting is changed, live, under eight clients, while another program adds rules of its own. */
export async function benchLive(backend: Backend, pace: Pace): Promise<readonly Figure[]> {
	const ours = await observe(backend, pace, startOurWay);
	const theirs = await observe(backend, pace, startScriptWay);
	const figure = (name: string, of: (outcome: Outcome) => number): Figure => ({
		name: `${name}, ${backend.backend}`,
		unit: '',
		ours: of(ours),
		reference: { name: "the script's disable and enable", value: of(theirs) },
	});
	const per100 = (name: string, of: (outcome: Outcome) => number): Figure => ({
		...figure(`100 live changes: ${name}`, (outcome) => Math.round((of(outcome) * 10_000) / outcome.changes) / 100),
		limits: { on: 'value', goal: 0, must: 0 },
	});
	return [
		per100('connections past Envoy', ({ past }) => past),
		per100('connections that failed', ({ failed }) => failed),
		per100("others' rules lost", ({ lost }) => lost),
		per100('changes that ended in an error', ({ errors }) => errors),
		{ ...figure('one live change under eight clients', ({ ms }) => ms), unit: 'ms' },
	];
}

interface Outcome {
	readonly changes: number;
	readonly past: number;
	readonly failed: number;
	readonly lost: number;
	readonly errors: number;
	readonly ms: number;
}

/** Beyond what anybody has the patience for: clients that nobody stops must not blow for ever. */
const LOAD_LIMIT_MS = 1_800_000;

type StartWay = (lab: Host, backend: Backend) => Promise<Way>;

async function observe(backend: Backend, { changes, seconds }: Pace, start: StartWay): Promise<Outcome> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createPlace(backend.dialect));
	await stack.use(createAnswerers(lab)).ready;
	const app = stack.use(createPeer(lab.host, { uid: ids.app }));
	const way = stack.use(await start(lab, backend));
	const writer = createWriter(stack.use(createStopwatch(lab.host)), lab, backend.dialect);
	await using load = await app.startLoad({ address: addresses.remote.v4, port: 443, limitMs: LOAD_LIMIT_MS });
	const taken: number[] = [];
	const isLate = lateAfter(seconds);
	let errors = 0;
	for (let at = 1; at <= changes && !isLate(); at += 1) {
		const start = performance.now();
		const changing = way.change(settings[at % settings.length] ?? settings[0]).finally(() => {
			taken.push(performance.now() - start);
		});
		const [{ status }] = await Promise.allSettled([changing, writer.add(at)]);
		if (status === 'rejected') errors += 1;
	}
	const made = taken.length;
	const lost = made - writer.present();
	return { ...counted(await load.stop()), changes: made, lost, errors, ms: median(taken) };
}

function counted({ by, failures, limited }: LoadCounts): Pick<Outcome, 'past' | 'failed'> {
	if (limited) throw new Error('The clients stopped before the changes did: take fewer changes');
	return { past: by['remote'] ?? 0, failed: sum(Object.values(failures)) };
}

/** By settings file and `reload`, through the daemon. */
async function startOurWay({ host }: Host, { backend }: Backend): Promise<Way> {
	await using stack = new AsyncDisposableStack();
	const file = join(stack.use(createScratch('bench')).path, 'turnout.yaml');
	// JSON is YAML too.
	const write = ({ appPorts, ignoredIps }: Change): void =>
		writeFileSync(file, JSON.stringify({ appPorts: appPorts.join(), egressIgnoredIps: ignoredIps.join() }));
	write(settings[0]);
	const daemon = stack.use(
		await startDaemon(host, { args: ['--config', file, '--backend', backend, '--start-enabled', '1'] }),
	);
	const client = stack.use(createKeptClient(daemon.socket));
	const kept = stack.move();
	return {
		async change(to) {
			write(to);
			return client.post('/v1/reload');
		},
		[Symbol.asyncDispose]: () => kept.disposeAsync(),
	};
}

/** Everything flushed, and all of it added again, one process after the other. */
async function startScriptWay({ host }: Host, { dialect }: Backend): Promise<Way> {
	using stack = new DisposableStack();
	const stopwatch = stack.use(createStopwatch(host));
	await stopwatch.time(scriptStart(scriptSettings(dialect)));
	const kept = stack.move();
	return {
		change: (to) => stopwatch.time(scriptChange({ ...scriptSettings(dialect), ...to })),
		[Symbol.asyncDispose]: async () => kept.dispose(),
	};
}

interface Writer {
	readonly add: (port: number) => Promise<unknown>;
	readonly present: () => number;
}

/** Somebody with a chain of their own, who waits for the lock as everybody should. */
function createWriter(stopwatch: Stopwatch, { host }: Host, dialect: Dialect): Writer {
	const program = `iptables-${dialect}`;
	host.run(program, ['-w', '-t', 'nat', '-N', 'SOMEBODY']);
	return {
		add(port) {
			const rule = ['-A', 'SOMEBODY', '-p', 'tcp', '--dport', `${port}`, '-j', 'RETURN'];
			return stopwatch.time({ program, args: ['-w', '-t', 'nat', ...rule] });
		},
		present: () => host.run(`${program}-save`, ['-t', 'nat']).match(/^-A SOMEBODY /gm)?.length ?? 0,
	};
}
