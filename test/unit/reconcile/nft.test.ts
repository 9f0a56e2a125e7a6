// Rules that move to nft and back, and holes in them there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { apply } from '../../../src/reconcile/apply.ts';
import { buildDesiredRules, type DesiredRules } from '../../../src/reconcile/desired.ts';
import { repairRules } from '../../../src/reconcile/repair.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryFirewall } from '../../support/memory-firewall.ts';
import { createMemoryNftFirewall } from '../../support/memory-nft.ts';
import { createMemoryRouting } from '../../support/memory-routing.ts';

const signal = AbortSignal.timeout(600_000);
const capture = captureOf({ appPorts: '8080' });
const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const desired = (dialect: Dialect): DesiredRules => buildDesiredRules(capture, dialect, ['ipv4', 'ipv6'], localRouting);

test('from iptables to nft and back: the new rules are there before the former ones go', async () => {
	const steps: string[] = [];
	const iptables = createMemoryFirewall({ afterCommit: () => steps.push('iptables') });
	const nft = createMemoryNftFirewall({ afterCommit: () => steps.push('nft') });
	const host = { firewalls: [iptables, nft], routing: createMemoryRouting(() => undefined) };
	const moves = [
		['iptables-nft', ['iptables', 'iptables']],
		['nft', ['nft', 'iptables', 'iptables']],
		['iptables-nft', ['iptables', 'iptables', 'nft']],
	] as const;
	for (const [dialect, expected] of moves) {
		steps.length = 0;
		const { rules } = desired(dialect);
		const actual = await apply(host, desired(dialect), signal);
		assert.deepEqual(steps, expected);
		for (const firewall of host.firewalls) {
			const isUsed = firewall.dialect === dialect;
			assert.equal((await firewall.read(signal)).isEmpty, !isUsed);
			assert.equal(actual.get(firewall.dialect)?.diff(rules).ipv4.length === 0, isUsed);
		}
	}
});

const holes = {
	'delete table inet turnout': 'syn',
	'add table inet turnout { flags dormant; }': 'syn',
	'flush chain inet turnout nat_output': 'all',
	'flush chain inet turnout mangle_egress_ipv6': 'all',
	'insert rule inet turnout nat_egress_ipv4 accept': 'all',
} as const;

for (const [document, stage] of Object.entries(holes))
	test(`after "${document}" capture ${stage === 'syn' ? 'starts again with what opens a connection' : 'goes on as a whole'}`, async () => {
		const nft = createMemoryNftFirewall();
		const target = desired('nft');
		await nft.apply(target.rules, signal);
		nft.program.edit(`${document}\n`);
		const { found, installed } = await repairRules(nft, target, await nft.read(signal), signal);
		assert.ok(found.length > 0);
		assert.deepEqual(installed.diff(target.stages[stage]), { ipv4: [], ipv6: [] });
	});
