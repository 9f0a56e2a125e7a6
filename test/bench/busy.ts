import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { restore } from '../lab/net/restore.ts';
import { startDaemon } from '../lab/turnout.ts';
import type { Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { readProcessorSeconds } from './process-figures.ts';
import { turnoutEnvironment } from './programs.ts';
import { startNode } from './rest.ts';

const SERVICES = 4_000;
const RULES_A_SERVICE = 5;
const CHANGES_A_SECOND = 10;

/** What the daemon takes on a host with 20,000 rules of kube-proxy's kind, where ten a second are changed by others. */
export async function benchBusy({ idleSeconds }: { readonly idleSeconds: number }): Promise<readonly Figure[]> {
	using place = createPlace('nft');
	const { host } = place;
	restore(host, 'nft', (family) => (family === 'v4' ? services() : ''));
	await using daemon = await startDaemon(host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } });
	const node = await startNode(host);
	const writer = host.spawn('nft', ['-i'], { stdio: ['pipe', 'ignore', 'inherit'] });
	const spent = [daemon.process, node].map(spentBy);
	try {
		for (let change = 0; change < idleSeconds * CHANGES_A_SECOND; change += 1) {
			writer.stdin?.write(changeOf(change));
			await sleep(1_000 / CHANGES_A_SECOND);
		}
		const [ours = 0, reference = 0] = spent.map((seconds) => (seconds() * 100) / idleSeconds);
		return [figureOf(host, idleSeconds, ours, reference)];
	} finally {
		for (const child of [node, writer]) child.kill('SIGKILL');
	}
}

const figureOf = (host: Namespace, seconds: number, ours: number, reference: number): Figure => ({
	name: `the daemon's processor time, ${seconds} s, ${host.run('iptables-nft-save', []).match(/^-A KUBE/gm)?.length} rules of others, 10 changes a second`,
	unit: '%',
	ours,
	reference: { name: 'a Node that does nothing', value: reference },
	limits: { on: 'value', must: 2 },
});

const spentBy = ({ pid = 0 }: ChildProcess): (() => number) => {
	const before = readProcessorSeconds(pid);
	return () => readProcessorSeconds(pid) - before;
};

/** One document of nat: chains of services, each with its endpoints. */
function services(): string {
	const lines = Array.from({ length: SERVICES }, (_, at) => {
		const chain = `KUBE-SVC-${at}`;
		const address = `10.96.${at >> 8}.${at & 255}`;
		return Array.from(
			{ length: RULES_A_SERVICE },
			(_unused, rule) => `-A ${chain} -d ${address}/32 -p tcp -m tcp --dport ${8_000 + rule} -j RETURN`,
		);
	});
	const chains = Array.from({ length: SERVICES }, (_, at) => `:KUBE-SVC-${at} - [0:0]`);
	return ['*nat', ...chains, ...lines.flat(), 'COMMIT', ''].join('\n');
}

/** A rule comes, and goes with the next. */
const changeOf = (change: number): string => {
	const chain = `ip nat KUBE-SVC-${Math.floor(change / 2) % SERVICES}`;
	return change % 2 === 0 ? `add rule ${chain} tcp dport 9999 counter return\n` : `flush chain ${chain}\n`;
};
