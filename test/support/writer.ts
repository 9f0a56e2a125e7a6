// Somebody else who adds rules to the host's tables, one at a time and waiting for the lock, as an administrator's script does.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/net/namespace.ts';
import type { Dialect } from '../lab/net/restore.ts';
import { savedText } from './saved.ts';

export interface Writer extends Disposable {
	/** Asks for more of the rules, up to this many in all; they are added in the background. */
	readonly askFor: (count: number) => void;
	/** Resolves to iptables' complaints once all that was asked for is done. */
	readonly finish: () => Promise<readonly string[]>;
	/** Which of the rules asked for are not there. */
	readonly lost: () => readonly number[];
}

export function createWriter(host: Namespace, dialect: Dialect): Writer {
	const program = `while read -r command; do $command || echo "failed: $command"; done 2>&1`;
	const child = host.spawn('sh', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
	const complaints: string[] = [];
	if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => complaints.push(line));
	const closed = once(child, 'close');
	const asked = { count: 0 };
	return {
		askFor(count) {
			for (; asked.count < count; asked.count += 1) child.stdin?.write(`${commandOf(asked.count, dialect)}\n`);
		},
		async finish() {
			child.stdin?.end();
			await closed;
			return complaints;
		},
		lost() {
			const found = new Set(savedText(host, dialect).match(/--comment writer-\d+/g));
			return Array.from({ length: asked.count }, (_, at) => at).filter((at) => !found.has(`--comment writer-${at}`));
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

const places = ['nat OUTPUT', 'filter INPUT', 'nat PREROUTING', 'filter FORWARD', 'nat POSTROUTING', 'filter OUTPUT'];

/** Both families, all the chains that we hook into and others; now and then at the top, where our hooks stand. */
function commandOf(at: number, dialect: Dialect): string {
	const [table = '', chain = ''] = String(places[at % places.length]).split(' ');
	const program = at % 4 < 2 ? 'iptables' : 'ip6tables';
	const verb = at % 10 === 0 ? '-I' : '-A';
	const match = `-p udp --dport 9 -m comment --comment writer-${at}`;
	return `${program}-${dialect} -w -t ${table} ${verb} ${chain} ${match} -j ACCEPT`;
}
