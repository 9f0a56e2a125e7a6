// What the firewalls do with rules about cgroups, which come and go while the rules stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firewall, RulesByFamily } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import { createNftFirewall } from '../../src/firewall/nft/nft-firewall.ts';
import { cgroupAt } from '../../src/host/cgroups/find-cgroups.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily, families } from '../../src/values/units.ts';
import { createSlice, withCgroups } from '../lab/net/cgroups.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { captureOf } from '../support/capture.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryFirewall } from '../support/memory-firewall.ts';
import { createMemoryNftFirewall } from '../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);

/** A unit of a host, which another cgroup belongs to with each start. */
interface Unit {
	readonly path: string;
	/** Resolves to the id of its cgroup. */
	readonly start: () => number;
	readonly end: () => void;
}

/** As they are while the unit runs, and while it does not. */
function rulesOf({ path }: Unit, id: number | undefined): RulesByFamily {
	const capture = captureOf({ ignoreUnits: 'agent.service' });
	const [unit] = capture.ignoreUnits;
	assert.ok(unit);
	const cgroups = id === undefined ? [] : [{ unit, path, id }];
	return byFamily((family) => buildRuleset({ ...capture, cgroups }, family));
}

const noDifference = { ipv4: [], ipv6: [] };

const contract: Readonly<Record<string, (firewall: Firewall, unit: Unit) => Promise<void>>> = {
	async 'a rule about a cgroup is read back as it was applied'(firewall, unit) {
		const rules = rulesOf(unit, unit.start());
		for (const installed of [await firewall.apply(rules, signal), await firewall.read(signal)])
			assert.deepEqual(installed.diff(rules), noDifference);
	},

	async 'a cgroup that is made anew at the same path needs another rule, which takes the place of the former'(
		firewall,
		unit,
	) {
		const before = await firewall.apply(rulesOf(unit, unit.start()), signal);
		unit.end();
		const rules = rulesOf(unit, unit.start());
		for (const installed of [before, await firewall.read(signal)]) {
			const found = installed.diff(rules);
			for (const family of families) {
				assert.deepEqual(new Set(found[family].map(({ kind }) => kind)), new Set(['missing', 'surplus']));
				assert.ok(found[family].every(({ line }) => line.includes('this unit is ignored')));
			}
		}
		assert.deepEqual((await firewall.apply(rules, signal, { last: before })).diff(rules), noDifference);
	},

	async 'a rule for a cgroup that is gone is removed as any other'(firewall, unit) {
		await firewall.apply(rulesOf(unit, unit.start()), signal);
		unit.end();
		const rules = rulesOf(unit, undefined);
		assert.deepEqual((await firewall.apply(rules, signal)).diff(rules), noDifference);
	},

	async 'a rule for a cgroup that is not there is refused, and what was there before stays'(firewall, unit) {
		const rules = rulesOf(unit, undefined);
		await firewall.apply(rules, signal);
		await assert.rejects(firewall.apply(rulesOf(unit, 1), signal), { code: 'firewall' });
		assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
	},

	async 'a checkpoint brings back its rules without those whose cgroups are gone, and for those made anew'(
		firewall,
		unit,
	) {
		await firewall.apply(rulesOf(unit, unit.start()), signal);
		const then = JSON.parse(JSON.stringify(await firewall.takeCheckpoint(signal)));
		await firewall.apply(rulesOf(unit, undefined), signal);
		unit.end();
		assert.deepEqual((await firewall.restore(then, signal)).diff(rulesOf(unit, undefined)), noDifference);
		const id = unit.start();
		assert.deepEqual((await firewall.restore(then, signal)).diff(rulesOf(unit, id)), noDifference);
	},
};

/** With cgroups in memory. */
function memoryUnit(): { readonly unit: Unit; readonly cgroups: ReadonlyMap<string, number> } {
	const cgroups = new Map<string, number>();
	const path = '/system.slice/agent\\x2da.service';
	let last = 4711;
	const start = () => {
		last += 1;
		cgroups.set(path, last);
		return last;
	};
	return { unit: { path, start, end: () => void cgroups.delete(path) }, cgroups };
}

for (const [title, hold] of Object.entries(contract)) {
	test(`a firewall in memory, iptables-nft: ${title}`, () => {
		const { unit, cgroups } = memoryUnit();
		return hold(createMemoryFirewall({ cgroups }), unit);
	});
	test(`a firewall in memory, nft: ${title}`, () => {
		const { unit, cgroups } = memoryUnit();
		return hold(createMemoryNftFirewall({ cgroups }), unit);
	});
}

/** As systemd spells a name with a hyphen in it. */
const UNIT = 'agent\\x2da.service';

const firewalls: Readonly<Record<string, (far: ReturnType<typeof openFarHost>) => Firewall>> = {
	'iptables-nft': (far) => createIptablesFirewall(far.program('iptables-nft')),
	nft: (far) => createNftFirewall(far.nft),
};

for (const [dialect, open] of Object.entries(firewalls))
	test(`the firewall of a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(withCgroups(namespace, 'second'));
		const firewall = open(far);
		for (const [title, hold] of Object.entries(contract)) {
			using slice = createSlice();
			const path = `${slice.path}/${UNIT}`;
			const start = () => {
				slice.start(UNIT);
				return cgroupAt(path) ?? assert.fail('it is not there');
			};
			await context.test(title, () => hold(firewall, { path, start, end: () => slice.end(UNIT) }));
			await firewall.remove({ keepConntrack: false }, signal);
		}
	});

/** Why there are no such rules in it: no change of anybody's is possible any more. */
test('iptables-legacy refuses every change of a table with a rule whose cgroup is gone, until that rule is gone too', () => {
	using namespace = createNamespace('contract');
	using slice = createSlice();
	slice.start('agent.service');
	const change = (...args: readonly string[]) => namespace.tryRun('iptables-legacy', ['-t', 'nat', ...args]);
	const named = ['OUTPUT', '-m', 'cgroup', '--path', `${slice.path}/agent.service`, '-j', 'ACCEPT'];
	const others = ['OUTPUT', '-p', 'tcp', '--dport', '2222', '-j', 'ACCEPT'];
	assert.equal(change('-A', ...named).code, 0);
	assert.equal(change('-A', ...others).code, 0);
	slice.end('agent.service');
	assert.notEqual(change('-A', ...others).code, 0);
	assert.equal(change('-D', ...named).code, 0);
	assert.equal(change('-A', ...others).code, 0);
});
