import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planRemoval, planRouting, planScriptRemoval } from '../../../src/routing/plan.ts';
import type { PolicyRule, TableRoute } from '../../../src/routing/routing.ts';
import { type RoutingFacts, refuseTaken, takenFrom, whyLeftOut } from '../../../src/routing/taken.ts';

const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const bare: RoutingFacts = { rules: [], routes: [] };

const ours: PolicyRule = {
	...{
		family: 'ipv4',
		priority: 100,
		table: 100,
		mark: 0x1e7700ce,
		mask: 0xffff_ffff,
		hasOtherSelectors: false,
		protocol: 0xce,
	},
};
const ourRoute: TableRoute = {
	...{ family: 'ipv4', table: 100, kind: 'local', metric: 0xffff_ffff, protocol: 0xce, text: 'local default dev lo' },
};
const passOn: TableRoute = { ...ourRoute, kind: 'throw', metric: 0xffff_fffe, text: 'throw default' };
const theScripts: PolicyRule = { ...ours, priority: 32765, protocol: 3 };
const theScriptsRoute: TableRoute = { ...ourRoute, metric: 0, protocol: 3 };
const somebodys: PolicyRule = { ...ours, priority: 50, table: 300, mark: 0x10, mask: 0xff, protocol: 4 };

const kindsOf = (steps: readonly { readonly kind: string }[]): string[] => steps.map(({ kind }) => kind);

test('on a bare host the routes are added first, then the rule with its own priority', () => {
	assert.deepEqual(planRouting(localRouting, 'ipv4', bare), [
		{ kind: 'add-route', route: passOn },
		{ kind: 'add-route', route: ourRoute },
		{ kind: 'add-rule', rule: ours },
	]);
});

test('what is there already is not added again', () => {
	assert.deepEqual(planRouting(localRouting, 'ipv4', { rules: [ours], routes: [passOn, ourRoute] }), []);
});

test('what the 2019 script left is adopted, not doubled', () => {
	assert.deepEqual(planRouting(localRouting, 'ipv4', { rules: [theScripts], routes: [theScriptsRoute] }), []);
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv4', { rules: [theScripts], routes: [] })), [
		'add-route',
		'add-route',
	]);
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv4', { rules: [], routes: [theScriptsRoute] })), ['add-rule']);
});

test('the families are independent', () => {
	const facts = { rules: [ours], routes: [passOn, ourRoute] };
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv6', facts)), ['add-route', 'add-route', 'add-rule']);
	const conflict = { rules: [], routes: [{ ...ourRoute, kind: 'other' as const, metric: 0, protocol: 4 }] };
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv6', conflict)), ['add-route', 'add-route', 'add-rule']);
});

test('rules and tables of others that do not concern ours are left alone', () => {
	const route = { ...ourRoute, table: 300, kind: 'other' as const, metric: 0, protocol: 4, text: 'default' };
	const facts = { rules: [somebodys], routes: [route] };
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv4', facts)), ['add-route', 'add-route', 'add-rule']);
	assert.deepEqual(planRemoval(facts), []);
	assert.deepEqual(planScriptRemoval(facts, localRouting), []);
});

const foreign: TableRoute = { ...ourRoute, kind: 'other' as const, metric: 0, protocol: 4, text: '10.0.0.0/8' };

/** Where nothing depends on ours they make room. */
const conflicts: Readonly<Record<string, readonly [facts: RoutingFacts, told: RegExp, remedy: RegExp]>> = {
	"a route of somebody else's in our table": [
		{ rules: [], routes: [foreign] },
		/route table 100: it holds a route of somebody else's \(10\.0\.0\.0\/8\)/,
		/routeTable \(TURNOUT_ROUTE_TABLE\)/,
	],
	"somebody else's rule that looks up our table": [
		{ rules: [{ ...somebodys, table: 100 }], routes: [] },
		/route table 100: it is looked up by somebody else's rule 50/,
		/routeTable/,
	],
	"somebody else's rule with our mark": [
		{ rules: [{ ...theScripts, table: 300 }], routes: [] },
		/packet mark 0x1e7700ce: it is used by somebody else's rule 32765, lookup 300/,
		/mark \(TURNOUT_MARK\)/,
	],
	'our mark with another selector': [
		{ rules: [{ ...theScripts, table: 300, hasOtherSelectors: true }], routes: [] },
		/packet mark 0x1e7700ce/,
		/TURNOUT_MARK/,
	],
	'a rule before ours that matches a part of our mark': [
		{ rules: [{ ...somebodys, mark: 0xce }], routes: [] },
		/packet mark 0x1e7700ce: it is used by somebody else's rule 50/,
		/TURNOUT_MARK/,
	],
};

for (const [family, command] of [
	['ipv4', 'ip route del local default dev lo table 100'],
	['ipv6', 'ip -6 route del local default dev lo table 100'],
] as const)
	test(`a route that the 2019 script left in a table of others, over ${family}: it is told, with the command that removes it`, () => {
		const rule = { ...somebodys, family, table: 100 };
		const taken = takenFrom(localRouting, family, { rules: [rule], routes: [{ ...theScriptsRoute, family }] });
		assert.ok(taken !== undefined);
		const { why, remedy } = whyLeftOut(taken);
		assert.match(why, /ends at the route "local default dev lo", as the 2019 script leaves it/);
		assert.equal(remedy, command);
	});

for (const [title, [facts, told, remedy]] of Object.entries(conflicts)) {
	test(`${title}: ours are left out, and the remedy names the setting`, () => {
		assert.deepEqual(planRouting(localRouting, 'ipv4', facts), []);
		const taken = takenFrom(localRouting, 'ipv4', facts);
		assert.ok(taken !== undefined);
		assert.match(whyLeftOut(taken).why, told);
		assert.match(whyLeftOut(taken).remedy, remedy);
		assert.equal(takenFrom(localRouting, 'ipv6', facts), undefined);
		assert.doesNotThrow(() => refuseTaken(localRouting, 'ipv4', facts));
	});

	test(`${title}: a failure that names the setting, where capture depends on ours`, () => {
		const refused = { code: 'routing', message: told, remedy };
		assert.throws(() => refuseTaken({ ...localRouting, isNeeded: true }, 'ipv4', facts), refused);
	});
}

test('where packets are marked there is no throw route before the local route', () => {
	assert.deepEqual(planRouting({ ...localRouting, isNeeded: true }, 'ipv4', bare), [
		{ kind: 'add-route', route: ourRoute },
		{ kind: 'add-rule', rule: ours },
	]);
});

/** What sounds like a use of ours and is none. */
const bystanders: Readonly<Record<string, PolicyRule>> = {
	"a VRF's rule, which names no table": { ...somebodys, mark: undefined, mask: undefined, priority: 1000, table: 0 },
	'a rule that jumps over ours': { ...somebodys, mark: undefined, mask: undefined, table: 0, hasOtherSelectors: true },
	'all but another mark': { ...somebodys, mark: 0xca6c, mask: 0xffff_ffff, hasOtherSelectors: true },
	'a part of a mark that ours does not have': { ...somebodys, mark: 0x4000, mask: 0x4000 },
};
for (const [title, rule] of Object.entries(bystanders))
	test(`${title} leaves room for ours`, () => {
		assert.equal(takenFrom(localRouting, 'ipv4', { rules: [rule], routes: [] }), undefined);
	});

test('a route with metric 0 of an older turnout is replaced', () => {
	const former = { ...ourRoute, metric: 0 };
	const facts = { rules: [ours], routes: [former] };
	assert.deepEqual(planRouting(localRouting, 'ipv4', facts), [
		{ kind: 'add-route', route: passOn },
		{ kind: 'add-route', route: ourRoute },
	]);
	assert.deepEqual(planRemoval(facts, localRouting), [{ kind: 'remove-route', route: former }]);
});

test('a rule after ours that matches a part of our mark is no conflict', () => {
	const behind = { ...somebodys, mark: 0xce, priority: 512 };
	assert.deepEqual(kindsOf(planRouting(localRouting, 'ipv4', { rules: [behind], routes: [] })), [
		'add-route',
		'add-route',
		'add-rule',
	]);
});

test('a rule and a route of our own with another mark and table are no conflict: they are moved', () => {
	const facts = { rules: [ours], routes: [passOn, ourRoute] };
	const moved = { mark: 0x77, table: 177, isNeeded: false };
	assert.deepEqual(kindsOf(planRouting(moved, 'ipv4', facts)), ['add-route', 'add-route', 'add-rule']);
	assert.deepEqual(planRemoval(facts, moved), [
		{ kind: 'remove-rule', rule: ours },
		{ kind: 'remove-route', route: ourRoute },
		{ kind: 'remove-route', route: passOn },
	]);
	assert.deepEqual(planRemoval(facts, localRouting), []);
});

test('another mark with the same table moves the rule and keeps the route', () => {
	const facts = { rules: [ours], routes: [passOn, ourRoute] };
	const moved = { mark: 0x77, table: 100, isNeeded: false };
	assert.deepEqual(kindsOf(planRouting(moved, 'ipv4', facts)), ['add-rule']);
	assert.deepEqual(kindsOf(planRemoval(facts, moved)), ['remove-rule']);
});

test("a removal takes ours, the rule before the route, whatever mark and table they have; the script's stay", () => {
	const facts = {
		rules: [theScripts, { ...ours, mark: 0x77, table: 177 }],
		routes: [theScriptsRoute, { ...ourRoute, table: 177 }],
	};
	assert.deepEqual(kindsOf(planRemoval(facts)), ['remove-rule', 'remove-route']);
	assert.deepEqual(planRemoval({ rules: [theScripts], routes: [theScriptsRoute] }), []);
});

test("the script's rule, at any priority, and route go when that is asked for, and nothing else does", () => {
	const facts = { rules: [theScripts, somebodys], routes: [theScriptsRoute, foreign] };
	assert.deepEqual(planScriptRemoval(facts, localRouting), [
		{ kind: 'remove-rule', rule: theScripts },
		{ kind: 'remove-route', route: theScriptsRoute },
	]);
});
