// Somebody adds and removes rules of their own without a pause, while ours are undone and put back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { requireAll } from '../../lab/net/load.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost } from '../../support/faults.ts';
import { rounds } from '../../support/rounds.ts';
import { savedText } from '../../support/saved.ts';

const SECONDS = rounds(60);
const FAULT_MS = 4_000;

/** In chains that lead to us and in others; of each family the last three stay. At the top now and then, where we stand. */
const writer = `
	at=0
	trap 'told=1' TERM
	write() { # VERB CHAIN [PLACE] NUMBER
		for program in iptables ip6tables; do
			$program-$dialect -w -t nat $1 $2 $3 -p udp --dport 9 -m comment --comment writer-$4 -j ACCEPT || echo "failed: $*"
		done
	}
	while [ -z "$told" ]; do
		case $((at % 3)) in 0) chain=PREROUTING ;; 1) chain=OUTPUT ;; *) chain=POSTROUTING ;; esac
		if [ $((at % 100)) = 99 ]; then write -I $chain 1 $at; else write -A $chain '' $at; fi
		if [ $at -ge 3 ]; then write -D $chain '' $((at - 3)); fi
		at=$((at + 1))
	done
	echo $at`;

function startWriter(host: Namespace, dialect: string) {
	const child = host.spawn('sh', ['-c', writer], {
		env: { ...process.env, dialect },
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const said = { text: '' };
	child.stdout?.on('data', (part: Buffer) => {
		said.text += String(part);
	});
	return async (): Promise<string[]> => {
		child.kill('SIGTERM');
		await once(child, 'close');
		return said.text.trim().split('\n');
	};
}

/** What empties a chain of ours. */
const emptied: Readonly<Record<Dialect, string>> = {
	'iptables-nft': 'iptables-nft -w -t nat -F APPMESH_EGRESS',
	'iptables-legacy': 'iptables-legacy -w -t nat -F APPMESH_EGRESS',
	nft: 'nft flush chain inet turnout nat_egress_ipv4',
};

for (const { backend, dialect } of backends)
	test(`for ${SECONDS} s on ${backend}: none of their rules is lost, ours come back each time, and there is no fight`, async (context) => {
		await using place = await createFaultHost(backend);
		const { lab, status, peers } = place;
		const stop = startWriter(lab.host, dialect);
		const end = performance.now() + SECONDS * 1_000;
		let faults = 0;
		while (performance.now() < end) {
			await sleep(FAULT_MS);
			const { repairs } = await status();
			lab.host.run('sh', ['-c', emptied[backend]]);
			faults += 1;
			await eventually(status, (now) => now.repairs.count > repairs.count);
		}
		const said = await stop();
		const count = Number(said.pop());
		assert.deepEqual(said, []);
		const { repairs } = await eventually(status, ({ is }) => is === 'enabled');
		context.diagnostic(
			`${count} rules of theirs came in each family and went, ${faults} faults, ${repairs.count} repairs`,
		);
		const found = new Set(savedText(lab.host, dialect).match(/--comment writer-\d+/g));
		assert.deepEqual([...found].sort(), [3, 2, 1].map((back) => `--comment writer-${count - back}`).sort());
		// Each fault once, and each rule that was put before ours once, or several of them together.
		assert.ok(repairs.count >= faults && repairs.count <= faults + Math.ceil(count / 50), `${repairs.count} repairs`);
		await requireAll(peers, 'captured');
	});
