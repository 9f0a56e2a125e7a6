import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, RulesByFamily } from '../../../src/firewall/firewall.ts';
import { describeInstalled, renderBoth } from '../../../src/firewall/iptables/installed.ts';
import { buildDesiredRules } from '../../../src/reconcile/desired.ts';
import { atStage, repairable, stageFor } from '../../../src/reconcile/staged-capture.ts';
import type { Family } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';

const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const desired = buildDesiredRules(captureOf({ appPorts: '8080' }), 'iptables-nft', ['ipv4', 'ipv6'], localRouting);
const { stages } = desired;

const installed = (rules: RulesByFamily): Installed => describeInstalled(renderBoth(rules));

/** All of it but what leads to ours in these tables. */
function without(family: Family, ...tables: readonly string[]): Installed {
	const rules = renderBoth(stages.all);
	const hooks = rules[family].hooks.filter(({ table }) => !tables.includes(table));
	return describeInstalled({ ...rules, [family]: { ...rules[family], hooks } });
}

test('rules that are as desired capture in whole; those of a first commit do not', () => {
	assert.equal(stageFor(installed(stages.all), desired), 'all');
	assert.equal(stageFor(installed(stages.syn), desired), 'syn');
	for (const family of ['ipv4', 'ipv6'] as const) assert.equal(stageFor(without(family, 'nat'), desired), 'syn');
});

for (const family of ['ipv4', 'ipv6'] as const) {
	test(`while mangle of ${family} is there the kernel tracks what bypasses nat: all of it is repaired at once`, () => {
		assert.equal(repairable(without(family, 'nat'), desired).stage, 'all');
		assert.equal(repairable(without(family, 'mangle'), desired).stage, 'all');
	});

	test(`where both are gone of ${family} the kernel may not have tracked what was opened: the repair begins with the first stage`, () => {
		const first = repairable(without(family, 'nat', 'mangle'), desired);
		assert.deepEqual([first.stage, first.rules], ['syn', stages.syn]);
	});
}

test('what never was captured in whole is repaired to the stage that it was at', () => {
	const opening = atStage(desired, 'syn');
	assert.equal(repairable(installed(stages.syn), opening).stage, 'syn');
});

test('rules of somebody else among ours are no hole: the repair goes back to all of it at once', () => {
	const rules = renderBoth(stages.all);
	const chains = rules.ipv4.chains.map((chain) => ({ ...chain, rules: ['-j ACCEPT', ...chain.rules] }));
	const found = describeInstalled({ ...rules, ipv4: { ...rules.ipv4, chains } });
	assert.equal(repairable(found, desired).stage, 'all');
});
