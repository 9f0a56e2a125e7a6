import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { renderIptables } from '../../../src/firewall/iptables/render-rules.ts';
import { buildDesiredRules } from '../../../src/reconcile/desired.ts';
import { repairRoutes, repairRules } from '../../../src/reconcile/repair.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryFirewall } from '../../support/memory-firewall.ts';
import { createMemoryRouting } from '../../support/memory-routing.ts';

const signal = AbortSignal.timeout(600_000);
const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const desired = buildDesiredRules(captureOf({ appPorts: '8080' }), 'iptables-nft', ['ipv4', 'ipv6'], localRouting);
const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
const hooksIn = (table: string): string[] =>
	renderIptables(desired.rules.ipv4).hooks.flatMap((hook) =>
		hook.table === table ? [`-D ${hook.chain} ${hook.rule}`] : [],
	);

async function createInstalled() {
	const kernel = { isSlow: false };
	const firewall = createMemoryFirewall({
		onCheck: () => {
			if (kernel.isSlow) throw new Failure('firewall', 'Cannot: that takes too long', 'None');
		},
	});
	await firewall.apply(desired.rules, signal);
	kernel.isSlow = true;
	const repair = async () => repairRules(firewall, desired, await firewall.read(signal), signal);
	return { firewall, repair };
}

test('where nothing differs nothing is committed', async () => {
	const { firewall, repair } = await createInstalled();
	const { length } = firewall.commits;
	assert.deepEqual((await repair()).found, []);
	assert.equal(firewall.commits.length, length);
});

test('a difference is told and repaired, without a check of rules that the kernel has taken before', async () => {
	const { firewall, repair } = await createInstalled();
	firewall.edit('ipv4', document('nat', '-I APPMESH_EGRESS 1 -p tcp -j RETURN'));
	const { found, installed } = await repair();
	assert.deepEqual(found, [{ kind: 'surplus', table: 'nat', line: '-A APPMESH_EGRESS -p tcp -j RETURN' }]);
	assert.deepEqual(installed.diff(desired.rules), { ipv4: [], ipv6: [] });
});

test('after rules of both tables were missing the first stage is repaired: the kernel may not have tracked what was opened', async () => {
	const { firewall, repair } = await createInstalled();
	firewall.edit('ipv4', document('nat', ...hooksIn('nat')));
	firewall.edit('ipv4', document('mangle', ...hooksIn('mangle')));
	const { installed } = await repair();
	assert.deepEqual(installed.diff(desired.stages.syn), { ipv4: [], ipv6: [] });
});

test('after rules of nat alone were missing all of it is repaired', async () => {
	const { firewall, repair } = await createInstalled();
	firewall.edit('ipv4', document('nat', ...hooksIn('nat')));
	assert.deepEqual((await repair()).installed.diff(desired.rules), { ipv4: [], ipv6: [] });
});

test('missing routes are told and added; surplus ones are removed', async () => {
	const routing = createMemoryRouting();
	const { found } = await repairRoutes(routing, desired);
	assert.deepEqual([found.ipv4.length, found.ipv6.length], [3, 3]);
	assert.equal(routing.held.rules.length, 2);
	const onlyIpv4 = await repairRoutes(routing, { ...desired, families: ['ipv4'] });
	assert.ok(onlyIpv4.found.ipv6.every(({ kind }) => kind === 'surplus'));
	assert.deepEqual(
		routing.held.rules.map(({ family }) => family),
		['ipv4'],
	);
	const { length } = routing.log;
	assert.deepEqual((await repairRoutes(routing, { ...desired, families: ['ipv4'] })).found, { ipv4: [], ipv6: [] });
	assert.equal(routing.log.length, length);
});
