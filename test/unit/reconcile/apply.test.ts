import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { IptablesDialect } from '../../../src/firewall/firewall.ts';
import { apply, remove, removeScriptLeftovers } from '../../../src/reconcile/apply.ts';
import { buildDesiredRules, type DesiredRules } from '../../../src/reconcile/desired.ts';
import { inspect } from '../../../src/reconcile/inspect.ts';
import { atStage } from '../../../src/reconcile/staged-capture.ts';
import type { PolicyRule, RoutingStep, TableRoute } from '../../../src/routing/routing.ts';
import type { Family } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryFirewall, type MemoryFirewall, type MemoryOptions } from '../../support/memory-firewall.ts';
import { createMemoryRouting } from '../../support/memory-routing.ts';

const signal = AbortSignal.timeout(600_000);
const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const targetOf = (texts: Readonly<Record<string, string>>, more: Partial<DesiredRules> = {}): DesiredRules => ({
	...atStage(buildDesiredRules(captureOf(texts), 'iptables-nft', ['ipv4', 'ipv6'], localRouting), 'syn'),
	...more,
});
const target = targetOf({ appPorts: '8080' });
const onlyIpv4 = buildDesiredRules(captureOf({ appPorts: '8080' }), 'iptables-nft', ['ipv4'], localRouting);

function createHostOf(options: MemoryOptions = {}, onChange?: (step: RoutingStep) => void) {
	const firewall = (dialect: IptablesDialect): MemoryFirewall => createMemoryFirewall({ ...options, dialect });
	const [nft, legacy] = [firewall('iptables-nft'), firewall('iptables-legacy')];
	const routing = createMemoryRouting(onChange);
	return { nft, legacy, routing, host: { firewalls: [nft, legacy], routing } };
}

const failing = (family: Family) => (attempted: Family) => {
	if (attempted === family) throw new Failure('firewall', 'Cannot: no room', 'Make some');
};

test('after apply, routes and rules are there, and an inspection finds no difference', async () => {
	const { host, routing } = createHostOf();
	await apply(host, target, signal);
	const each = (family: string) => ['add-route', 'add-route', 'add-rule'].map((step) => `${step} ${family}`);
	assert.deepEqual(routing.log, [...each('ipv4'), ...each('ipv6')]);
	const { differences, isClean } = await inspect(host, target, true, signal);
	assert.deepEqual(differences, { ipv4: [], ipv6: [] });
	assert.equal(isClean, false);
});

test('a second apply changes nothing', async () => {
	const { host, nft, routing } = createHostOf();
	await apply(host, target, signal);
	const [commits, changes] = [nft.commits.length, routing.log.length];
	await apply(host, target, signal);
	assert.deepEqual([nft.commits.length, routing.log.length], [commits, changes]);
});

test('routes are there before the rules, and gone after them', async () => {
	const seen: number[] = [];
	const { host, routing } = createHostOf({ onCommit: () => seen.push(routing.held.rules.length) });
	await apply(host, target, signal);
	await remove(host, { keepConntrack: false }, signal);
	assert.deepEqual([...new Set(seen)], [2]);
	assert.deepEqual(routing.held, { rules: [], routes: [] });
});

test('if the rules cannot be committed the routes go back too', async () => {
	for (const family of ['ipv4', 'ipv6'] as const) {
		const { host, nft, routing } = createHostOf({ onCommit: failing(family) });
		await assert.rejects(apply(host, target, signal), /no room/);
		assert.deepEqual(routing.held, { rules: [], routes: [] });
		assert.doesNotMatch(nft.text(), /APPMESH_/);
	}
});

test('if one step of the routes fails those before it go back, and no rule was touched', async () => {
	const { host, nft, routing } = createHostOf({}, ({ kind, ...step }) => {
		if (kind === 'add-rule' && 'rule' in step && step.rule.family === 'ipv6')
			throw new Failure('routing', 'Cannot: no room', 'Make some');
	});
	await assert.rejects(apply(host, target, signal), /no room/);
	assert.deepEqual(routing.held, { rules: [], routes: [] });
	assert.deepEqual(nft.commits, []);
});

const foreign: TableRoute = { family: 'ipv6', table: 100, kind: 'other', metric: 0, protocol: 4, text: 'default' };

test("somebody else's route table does not keep us from the rules: rule and route are left out in that family, and it is told", async () => {
	const { host, routing } = createHostOf();
	routing.held.routes = [foreign];
	await apply(host, target, signal);
	assert.deepEqual(
		routing.held.rules.map(({ family }) => family),
		['ipv4'],
	);
	assert.deepEqual(
		routing.held.routes.filter(({ family }) => family === 'ipv6'),
		[foreign],
	);
	const { differences, taken } = await inspect(host, target, true, signal);
	assert.deepEqual(differences, { ipv4: [], ipv6: [] });
	assert.match(taken?.why ?? '', /route table 100/);
});

test('where capture depends on our route it is refused before anything is changed, in either family', async () => {
	const { host, nft, routing } = createHostOf();
	routing.held.routes = [foreign];
	const needy = targetOf({ appPorts: '8080' }, { localRouting: { ...localRouting, isNeeded: true } });
	await assert.rejects(apply(host, needy, signal), /route table 100/);
	assert.deepEqual([routing.log, nft.commits], [[], []]);
});

test('a family that is not captured any more loses its rules and routes', async () => {
	const { host, nft, routing } = createHostOf();
	await apply(host, target, signal);
	await apply(host, onlyIpv4, signal);
	assert.doesNotMatch(nft.text().split('# ipv6\n')[1] ?? '', /APPMESH_/);
	assert.deepEqual(
		routing.held.rules.map(({ family }) => family),
		['ipv4'],
	);
	assert.deepEqual((await inspect(host, onlyIpv4, true, signal)).differences, { ipv4: [], ipv6: [] });
});

test('another mark and table: the new ones are there before the old ones go', async () => {
	const { host, routing } = createHostOf();
	await apply(host, target, signal);
	const moved = targetOf({ appPorts: '8080' }, { localRouting: { mark: 0x77, table: 177, isNeeded: false } });
	const { length } = routing.log;
	await apply(host, moved, signal);
	assert.deepEqual(
		routing.log.slice(length, length + 6).map((line) => line.split('-')[0]),
		['add', 'add', 'add', 'add', 'add', 'add'],
	);
	assert.deepEqual([...new Set(routing.held.rules.map(({ mark, table }) => `${mark} ${table}`))], ['119 177']);
	assert.deepEqual([...new Set(routing.held.routes.map(({ table }) => table))], [177]);
});

test('another dialect: our rules in the former one go after the new ones are there', async () => {
	const { host, legacy, nft } = createHostOf();
	await apply(host, target, signal);
	const other = { ...target, dialect: 'iptables-legacy' } as const;
	await apply(host, other, signal);
	assert.match(legacy.text(), /APPMESH_/);
	assert.doesNotMatch(nft.text(), /APPMESH_/);
});

test('a removal takes ours from every dialect, and is safe to repeat', async () => {
	const { host, legacy, nft, routing } = createHostOf();
	await apply({ firewalls: [nft], routing }, target, signal);
	await apply({ firewalls: [legacy], routing }, { ...target, dialect: 'iptables-legacy' }, signal);
	await remove(host, { keepConntrack: false }, signal);
	assert.doesNotMatch(nft.text() + legacy.text(), /APPMESH_/);
	const commits = nft.commits.length + legacy.commits.length;
	await remove(host, { keepConntrack: false }, signal);
	assert.equal(nft.commits.length + legacy.commits.length, commits);
	assert.equal((await inspect(host, target, false, signal)).isClean, true);
});

test('a removal with keepConntrack captures nothing more, counts as off, and keeps what open connections need', async () => {
	const { host, nft } = createHostOf();
	await apply(host, target, signal);
	await remove(host, { keepConntrack: true }, signal);
	assert.doesNotMatch(nft.text(), /REDIRECT|--dports|-j APPMESH_(?!ANSWER)/);
	assert.match(nft.text(), /:APPMESH_TRACKING/);
	assert.match(nft.text(), /-j APPMESH_ANSWER/);
	const { differences, isClean } = await inspect(host, target, false, signal);
	assert.deepEqual([differences, isClean], [{ ipv4: [], ipv6: [] }, true]);
	await apply(host, target, signal);
	assert.deepEqual((await inspect(host, target, true, signal)).differences, { ipv4: [], ipv6: [] });
	await remove(host, { keepConntrack: false }, signal);
	assert.doesNotMatch(nft.text(), /APPMESH_/);
});

test('a removal with keepConntrack leaves nothing where nothing was', async () => {
	const { host, nft } = createHostOf();
	await remove(host, { keepConntrack: true }, signal);
	assert.equal(nft.commits.length, 0);
});

test('a missing rule and route are differences, and so are surplus ones', async () => {
	const { host, routing } = createHostOf();
	await apply(host, target, signal);
	const { rules, routes } = routing.held;
	routing.held.rules = rules.filter(({ family }) => family === 'ipv6');
	routing.held.routes = routes.filter(({ family }) => family === 'ipv6');
	const { differences } = await inspect(host, target, true, signal);
	assert.deepEqual(
		differences.ipv4.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`),
		[
			'missing in routing: route throw default table 100',
			'missing in routing: route local default dev lo table 100',
			'missing in routing: rule 100: fwmark 0x1e7700ce lookup 100',
		],
	);
	assert.deepEqual(differences.ipv6, []);
	const unwanted = await inspect(host, onlyIpv4, true, signal);
	assert.ok(unwanted.differences.ipv6.some(({ kind, table }) => kind === 'surplus' && table === 'routing'));
});

test("the 2019 script's rule and route go only when that is asked for", async () => {
	const { host, routing } = createHostOf();
	const rule: PolicyRule = { ...ruleOfScript, family: 'ipv4' };
	const route: TableRoute = {
		family: 'ipv4',
		table: 100,
		kind: 'local',
		metric: 0,
		protocol: 3,
		text: 'local default',
	};
	routing.held.rules = [rule];
	routing.held.routes = [route];
	await apply(host, target, signal);
	assert.equal(routing.held.rules.filter(({ family }) => family === 'ipv4').length, 1);
	await remove(host, { keepConntrack: false }, signal);
	assert.deepEqual(routing.held, { rules: [rule], routes: [route] });
	await removeScriptLeftovers(host, localRouting);
	assert.deepEqual(routing.held, { rules: [], routes: [] });
});

const ruleOfScript = {
	priority: 32765,
	table: 100,
	mark: 0x1e7700ce,
	mask: 0xffff_ffff,
	hasOtherSelectors: false,
	protocol: 3,
};

test('a dialect that is not installed is a failure that names the setting', async () => {
	const { nft, routing } = createHostOf();
	const elsewhere = { ...target, dialect: 'iptables-legacy' } as const;
	await assert.rejects(apply({ firewalls: [nft], routing }, elsewhere, signal), (error) => {
		assert.ok(error instanceof Failure);
		assert.equal(error.code, 'tools');
		assert.match(error.remedy, /TURNOUT_BACKEND/);
		return true;
	});
	assert.deepEqual(routing.held, { rules: [], routes: [] });
});
