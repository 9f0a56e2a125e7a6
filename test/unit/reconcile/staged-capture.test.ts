import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByFamily } from '../../../src/firewall/iptables/apply-rules.ts';
import type { IptablesRules } from '../../../src/firewall/iptables/installed.ts';
import { buildTarget } from '../../../src/reconcile/desired.ts';
import { atStage, repairable, stageFor } from '../../../src/reconcile/staged-capture.ts';
import type { Family } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';

const homeward = { mark: 0x1e7700ce, table: 100, carries: false };
const whole = buildTarget(captureOf({ appPorts: '8080' }), 'iptables-nft', ['ipv4', 'ipv6'], homeward);
const { stages } = whole;

/** Without what leads to ours in these tables. */
const without = (family: Family, ...tables: readonly string[]): ByFamily<IptablesRules> => {
	const held = stages.all[family];
	return { ...stages.all, [family]: { ...held, hooks: held.hooks.filter(({ table }) => !tables.includes(table)) } };
};

test('rules that are as wanted are whole; those of a first commit are not', () => {
	assert.equal(stageFor(stages.all, whole), 'all');
	assert.equal(stageFor(stages.opening, whole), 'opening');
	for (const family of ['ipv4', 'ipv6'] as const) assert.equal(stageFor(without(family, 'nat'), whole), 'opening');
});

for (const family of ['ipv4', 'ipv6'] as const) {
	test(`while mangle of ${family} is there the kernel tracks what goes past nat: all of it is put back at once`, () => {
		assert.equal(repairable(without(family, 'nat'), whole).stage, 'all');
		assert.equal(repairable(without(family, 'mangle'), whole).stage, 'all');
	});

	test(`where both are gone of ${family} nobody may have tracked what was opened: only what opens a connection comes first`, () => {
		const first = repairable(without(family, 'nat', 'mangle'), whole);
		assert.deepEqual([first.stage, first.rules], ['opening', stages.opening]);
	});
}

test('what never was captured in whole is put back as it was', () => {
	const opening = atStage(whole, 'opening');
	assert.equal(repairable(stages.opening, opening).stage, 'opening');
});
