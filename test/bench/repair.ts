import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../lab/net/host.ts';
import { startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { turnoutEnvironment } from './programs.ts';
import { quantile } from './samples.ts';
import { createStopwatch } from './stopwatch.ts';

/** A program that waits for what it is to do, and the text that makes it do it: its start is not part of the fault. */
interface Fault {
	readonly program: string;
	readonly args: readonly string[];
	readonly text: string;
}

const restore = (program: string, ...lines: readonly string[]): Fault => ({
	program,
	args: ['--noflush'],
	text: ['*nat', ...lines, 'COMMIT', ''].join('\n'),
});

const faults: readonly [Fault, ...Fault[]] = [
	restore('iptables-nft-restore', '-D APPMESH_EGRESS 1'),
	restore('ip6tables-nft-restore', '-F APPMESH_INGRESS'),
	restore('iptables-nft-restore', '-D OUTPUT 1'),
	restore('ip6tables-nft-restore', '-F PREROUTING', '-F APPMESH_INGRESS'),
	{ program: 'nft', args: ['-f', '-'], text: 'flush ruleset\n' },
	{ program: 'ip', args: ['-batch', '-'], text: 'rule del fwmark 0x1e7700ce\n' },
	{ program: 'ip', args: ['-6', '-batch', '-'], text: 'route flush table 100\n' },
];

/** So many, and turnout slows down, as it would with somebody who keeps undoing it: then another daemon takes over. */
const FAULTS_A_DAEMON = 15;
/** It has looked at what it has done itself by then. */
const SETTLED_MS = 500;

/** What a repair takes, as turnout tells it and as it is seen from outside, beside a bare restore and two saves. */
export async function benchRepair({ faults: count }: { readonly faults: number }): Promise<readonly Figure[]> {
	const [our, their] = [createPlace('nft'), createPlace('nft')];
	using _our = our;
	using _their = their;
	const ours: Repair[] = [];
	while (ours.length < count) {
		await using daemon = await startDaemon(our.host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } });
		await sleep(SETTLED_MS);
		for (let at = 0; at < FAULTS_A_DAEMON && ours.length < count; at += 1)
			ours.push(await repairOf(our, daemon, faults[ours.length % faults.length] ?? faults[0]));
	}
	const values = await bareMs(their, Math.min(count, 20));
	const reference = { name: 'a bare restore and two saves', values };
	const [told, seen] = [ours.map(({ toldMs }) => toldMs), ours.map(({ seenMs }) => seenMs)];
	const name = 'repair, from the notice of the commit to the read-back';
	return [
		compare(`${name}, median of ${count}, nft`, told, reference),
		{
			name: `${name}, p99 of ${count}, nft`,
			unit: 'ms',
			ours: quantile(told, 0.99),
			reference: { name: `${reference.name}, p99`, value: quantile(values, 0.99) },
			limits: { on: 'value', must: 50 },
		},
		compare(
			`the same, from before the program of the fault to the log's line, median of ${count}, nft`,
			seen,
			reference,
		),
	];
}

interface Repair {
	/** From the kernel's notice of the commit on. */
	readonly toldMs: number;
	/** From the moment at which the program of the fault is told what to do. */
	readonly seenMs: number;
}

async function repairOf({ host }: Host, daemon: TestDaemon, { program, args, text }: Fault): Promise<Repair> {
	const child = host.spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
	await once(child, 'spawn');
	// nsenter has become the program, and it reads.
	await sleep(25);
	const told = new Promise<number>((resolve) => {
		const look = (part: Buffer) => {
			const [, ms] = /"event":"repaired".*"ms":(\d+)/.exec(String(part)) ?? [];
			if (ms === undefined) return;
			daemon.process.stderr?.off('data', look);
			resolve(Number(ms));
		};
		daemon.process.stderr?.on('data', look);
	});
	const startMs = performance.now();
	child.stdin?.end(text);
	const toldMs = await told;
	const seenMs = performance.now() - startMs;
	if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
	return { toldMs, seenMs };
}

async function bareMs({ host }: Host, runs: number): Promise<readonly number[]> {
	using stopwatch = createStopwatch(host);
	const save = { program: 'iptables-nft-save', args: ['-c'] };
	const input = '*nat\n:BARE - [0:0]\n-A BARE -p tcp -j RETURN\nCOMMIT\n';
	const taken: number[] = [];
	for (let run = 0; run < runs; run += 1)
		taken.push(await stopwatch.time(save, { program: 'iptables-nft-restore', args: ['--noflush'], input }, save));
	return taken;
}
