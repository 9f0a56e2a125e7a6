import { once } from 'node:events';
import type { Host } from '../host.ts';
import { startDaemon, type TestDaemon } from '../turnout.ts';
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

/** From the moment before somebody's commit to the repair read back and told, beside a bare restore and two saves. */
export async function benchRepair({ faults: count }: { readonly faults: number }): Promise<readonly Figure[]> {
	const [our, their] = [createPlace('nft'), createPlace('nft')];
	using _our = our;
	using _their = their;
	const ours: number[] = [];
	while (ours.length < count) {
		await using daemon = await startDaemon(our.host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } });
		for (let at = 0; at < FAULTS_A_DAEMON && ours.length < count; at += 1)
			ours.push(await repairMs(our, daemon, faults[ours.length % faults.length] ?? faults[0]));
	}
	const values = await bareMs(their, Math.min(count, 20));
	const reference = { name: 'a bare restore and two saves', values };
	const p99 = quantile(ours, 0.99);
	return [
		compare(`repair, from the fault to the read-back, median of ${ours.length}, nft`, ours, reference),
		{
			name: `repair, from the fault to the read-back, p99 of ${ours.length}, nft`,
			unit: 'ms',
			ours: p99,
			reference: { name: `${reference.name}, p99`, value: quantile(values, 0.99) },
			limits: { on: 'value', must: 50 },
		},
	];
}

async function repairMs({ host }: Host, daemon: TestDaemon, { program, args, text }: Fault): Promise<number> {
	const child = host.spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
	await once(child, 'spawn');
	// nsenter has become the program, and it reads.
	await new Promise((resolve) => setTimeout(resolve, 25));
	const told = new Promise<number>((resolve) => {
		const look = (part: Buffer) => {
			if (!part.includes('"event":"repaired"')) return;
			daemon.process.stderr?.off('data', look);
			resolve(performance.now());
		};
		daemon.process.stderr?.on('data', look);
	});
	const startMs = performance.now();
	child.stdin?.end(text);
	const ms = (await told) - startMs;
	if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
	return ms;
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
