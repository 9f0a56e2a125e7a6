// A host at work for a long time: settings change every second, others undo rules every five, clients never pause.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayMs } from '../../src/lib/delay.ts';
import type { DiffReply } from '../../src/localapi/protocol.ts';
import type { Status } from '../../src/status/types.ts';
import { readResidentMb } from '../bench/process-figures.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { type Counts, startLoad } from '../lab/net/load.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createPeers, type Peers } from '../lab/net/peers.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { askSocket } from '../lab/net/socket.ts';
import { suspend } from '../lab/net/suspend.ts';
import { startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { type SoakFault, soakFaults } from './faults.ts';

/** Each captures what the clients connect to. */
const settings: readonly object[] = [
	{ appPorts: '8080' },
	{ egressPort: 16001, ingressPort: 16000, appPorts: '8080,9000-9100', egressIgnoredIps: ['198.51.100.0/24'] },
	{ appPorts: '*', guard: 0, mark: '0x77', routeTable: 177 },
	{ egressPort: 16001, appPorts: '8080,9090', interfacesIgnored: 'wg0', egressIgnoredPorts: '25' },
];
const CHANGE_MS = 1_000;
const CHANGES_A_FAULT = 5;
/** A connection of the moment of a fault may get no answer at all. */
const FAULT_PATIENCE_MS = 3_000;
const REPAIR_PATIENCE_MS = 60_000;

export interface FaultFigure extends Counts {
	readonly what: string;
	/** From the first notice to the read-back, as turnout tells it; undefined where there was nothing to repair. */
	readonly ms: number | undefined;
}

export interface SoakReport {
	readonly seconds: number;
	readonly changes: number;
	/** Outside the faults' own windows. */
	readonly calm: Counts;
	readonly faults: readonly FaultFigure[];
	/** Of the daemon, at each fault: resident MB of 10^6 bytes, and open files. */
	readonly memory: readonly number[];
	readonly files: readonly number[];
}

interface Scene {
	readonly lab: Host;
	readonly peers: Peers;
	readonly daemon: TestDaemon;
	readonly file: string;
}

export async function soak(seconds: number, tell: (text: string) => void): Promise<SoakReport> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost({ container: false }));
	trackConnections(lab);
	const peers = stack.use(await createPeers(lab));
	await peers.proxyUser.listen('egress listener', [16001]);
	await peers.proxyUser.listen('ingress listener', [16000]);
	const { path } = stack.use(createScratch('soak'));
	const file = join(path, 'turnout.yaml');
	writeFileSync(file, JSON.stringify(settings[0]));
	const args = ['--config', file, '--backend', 'iptables-nft', '--start-enabled', '1'];
	const daemon = stack.use(await startDaemon(lab.host, { args, folder: path }));
	return await rounds({ lab, peers, daemon, file }, seconds, tell);
}

/** As any firewall does; without, the first translation of addresses is what makes the kernel track. */
function trackConnections({ host }: Host): void {
	for (const program of ['iptables-nft', 'ip6tables-nft'])
		host.run(program, ['-w', '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT']);
}

async function rounds(scene: Scene, seconds: number, tell: (text: string) => void): Promise<SoakReport> {
	const startedMs = performance.now();
	const [calm, faults, memory, files]: [Counts[], FaultFigure[], number[], number[]] = [[], [], [], []];
	let changes = 0;
	let load = await startLoad(scene.peers);
	while (performance.now() - startedMs < seconds * 1_000) {
		for (let at = 0; at < CHANGES_A_FAULT; at += 1, changes += 1) await change(scene, changes);
		// There are clients at every moment: the next begin before these end.
		const during = await startLoad(scene.peers, FAULT_PATIENCE_MS);
		calm.push(await load.count());
		const fault = soakFaults[faults.length % soakFaults.length] ?? soakFaults[0];
		const ms = await injure(scene.lab.host, scene.daemon, fault);
		load = await startLoad(scene.peers);
		const figure = { what: fault.what, ms, ...(await during.count()) };
		faults.push(figure);
		memory.push(readResidentMb(scene.daemon.process.pid ?? 0));
		files.push(countFiles(scene.daemon));
		tell(
			`${figure.what}: ${ms === undefined ? 'nothing to repair' : `repaired in ${ms} ms`}, ${figure.bypassed} past, ${figure.failed} failed; ${Math.round(memory.at(-1) ?? 0)} MB`,
		);
	}
	calm.push(await load.count());
	const total = (of: (counts: Counts) => number) => calm.reduce((sum, counts) => sum + of(counts), 0);
	return {
		seconds: Math.round((performance.now() - startedMs) / 1_000),
		changes,
		calm: {
			captured: total(({ captured }) => captured),
			bypassed: total(({ bypassed }) => bypassed),
			failed: total(({ failed }) => failed),
		},
		faults,
		memory,
		files,
	};
}

async function change({ daemon, file }: Scene, at: number): Promise<void> {
	const nextMs = performance.now() + CHANGE_MS;
	writeFileSync(file, JSON.stringify(settings[at % settings.length]));
	const { status, text } = await askSocket(daemon.socket, 'POST', '/v1/reload');
	if (status !== 200) throw new Error(text);
	await sleep(delayMs(nextMs - performance.now()));
}

/** That it has open. */
export const countFiles = ({ process: { pid } }: TestDaemon): number => readdirSync(`/proc/${pid}/fd`).length;

/** Resolves to how long the repair took, once everything is as wanted again. */
export async function injure(host: Namespace, daemon: TestDaemon, fault: SoakFault): Promise<number | undefined> {
	const { count } = (await ask<Status>(daemon, 'status')).repairs;
	if (fault.isHalted) suspend(daemon.process.pid);
	try {
		host.run('sh', ['-ec', fault.script]);
	} finally {
		if (fault.isHalted) daemon.process.kill('SIGCONT');
	}
	const isRepair = fault.leadsTo === 'a repair';
	const last = await untilWell(daemon, fault.what, isRepair ? count + 1 : count);
	return isRepair ? last?.ms : undefined;
}

export async function untilWell(
	daemon: TestDaemon,
	what: string,
	repaired: number,
): Promise<Status['repairs']['last']> {
	const deadline = performance.now() + REPAIR_PATIENCE_MS;
	for (;;) {
		const { repairs, conditions } = await ask<Status>(daemon, 'status');
		const isWell = conditions.every(({ ok }) => ok) && (await ask<DiffReply>(daemon, 'diff')).same;
		if (isWell && repairs.count >= repaired) return repairs.last;
		if (performance.now() > deadline) throw new Error(`not put right: ${what}: ${JSON.stringify(conditions)}`);
		await sleep(20);
	}
}

const ask = async <T>({ socket }: TestDaemon, path: string): Promise<T> =>
	JSON.parse((await askSocket(socket, 'GET', `/v1/${path}`)).text) as T;
