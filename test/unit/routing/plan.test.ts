import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { PolicyRule, TableRoute } from '../../../src/ports.ts';
import { planRemoval, planRouting, planSeedRemoval, type RoutingFacts } from '../../../src/routing/plan.ts';

const homeward = { mark: 0x1e7700ce, table: 100 };
const bare: RoutingFacts = { rules: [], routes: [] };

const ours: PolicyRule = {
	...{
		family: 'ipv4',
		priority: 100,
		table: 100,
		mark: 0x1e7700ce,
		mask: 0xffff_ffff,
		narrowed: false,
		protocol: 0xce,
	},
};
const ourRoute: TableRoute = {
	...{ family: 'ipv4', table: 100, isLocalDefault: true, protocol: 0xce, text: 'local default dev lo' },
};
const theScripts: PolicyRule = { ...ours, priority: 32765, protocol: 3 };
const theScriptsRoute: TableRoute = { ...ourRoute, protocol: 3 };
const somebodys: PolicyRule = { ...ours, priority: 50, table: 300, mark: 0x10, mask: 0xff, protocol: 4 };

const kindsOf = (steps: readonly { readonly kind: string }[]): string[] => steps.map(({ kind }) => kind);

test('on a bare host the route is added first, then the rule, with a priority of its own', () => {
	assert.deepEqual(planRouting(homeward, 'ipv4', bare), [
		{ kind: 'add-route', route: ourRoute },
		{ kind: 'add-rule', rule: ours },
	]);
});

test('what is there already is not added again', () => {
	assert.deepEqual(planRouting(homeward, 'ipv4', { rules: [ours], routes: [ourRoute] }), []);
});

test('what the 2019 script left is adopted, not doubled', () => {
	assert.deepEqual(planRouting(homeward, 'ipv4', { rules: [theScripts], routes: [theScriptsRoute] }), []);
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv4', { rules: [theScripts], routes: [] })), ['add-route']);
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv4', { rules: [], routes: [theScriptsRoute] })), ['add-rule']);
});

test('what one family has is nothing to the other', () => {
	const facts = { rules: [ours], routes: [ourRoute] };
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv6', facts)), ['add-route', 'add-rule']);
	const conflict = { rules: [], routes: [{ ...ourRoute, isLocalDefault: false, protocol: 4 }] };
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv6', conflict)), ['add-route', 'add-rule']);
});

test('rules and tables of others that have nothing to do with ours are left in peace', () => {
	const route = { ...ourRoute, table: 300, isLocalDefault: false, protocol: 4, text: 'default' };
	const facts = { rules: [somebodys], routes: [route] };
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv4', facts)), ['add-route', 'add-rule']);
	assert.deepEqual(planRemoval(facts), []);
	assert.deepEqual(planSeedRemoval(facts, homeward), []);
});

const foreign: TableRoute = { ...ourRoute, isLocalDefault: false, protocol: 4, text: '10.0.0.0/8' };

/** Each is refused before anything is touched. */
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
	'our mark with something else beside it': [
		{ rules: [{ ...theScripts, table: 300, narrowed: true }], routes: [] },
		/packet mark 0x1e7700ce/,
		/TURNOUT_MARK/,
	],
	'a rule before ours that takes a part of our mark': [
		{ rules: [{ ...somebodys, mark: 0xce }], routes: [] },
		/packet mark 0x1e7700ce: it is used by somebody else's rule 50/,
		/TURNOUT_MARK/,
	],
};

for (const [title, [facts, told, remedy]] of Object.entries(conflicts))
	test(`${title} is a failure that names the setting that moves ours`, () => {
		assert.throws(
			() => planRouting(homeward, 'ipv4', facts),
			(error) => {
				assert.ok(error instanceof Failure);
				assert.equal(error.code, 'routing');
				assert.match(error.message, told);
				assert.match(error.remedy, remedy);
				return true;
			},
		);
	});

test('a rule behind ours that takes a part of our mark is no conflict', () => {
	const behind = { ...somebodys, mark: 0xce, priority: 512 };
	assert.deepEqual(kindsOf(planRouting(homeward, 'ipv4', { rules: [behind], routes: [] })), ['add-route', 'add-rule']);
});

test('a rule and a route of our own with another mark and table are no conflict: they are moved', () => {
	const facts = { rules: [ours], routes: [ourRoute] };
	const moved = { mark: 0x77, table: 177 };
	assert.deepEqual(kindsOf(planRouting(moved, 'ipv4', facts)), ['add-route', 'add-rule']);
	assert.deepEqual(planRemoval(facts, moved), [
		{ kind: 'remove-rule', rule: ours },
		{ kind: 'remove-route', route: ourRoute },
	]);
	assert.deepEqual(planRemoval(facts, homeward), []);
});

test('another mark with the same table moves the rule and keeps the route', () => {
	const facts = { rules: [ours], routes: [ourRoute] };
	const moved = { mark: 0x77, table: 100 };
	assert.deepEqual(kindsOf(planRouting(moved, 'ipv4', facts)), ['add-rule']);
	assert.deepEqual(kindsOf(planRemoval(facts, moved)), ['remove-rule']);
});

test('ours go, the rule before the route, whatever mark and table they have; what the script left stays', () => {
	const facts = {
		rules: [theScripts, { ...ours, mark: 0x77, table: 177 }],
		routes: [theScriptsRoute, { ...ourRoute, table: 177 }],
	};
	assert.deepEqual(kindsOf(planRemoval(facts)), ['remove-rule', 'remove-route']);
	assert.deepEqual(planRemoval({ rules: [theScripts], routes: [theScriptsRoute] }), []);
});

test('what the script left goes when that is asked for, wherever the kernel has put its rule, and nothing beside it', () => {
	const facts = { rules: [theScripts, somebodys], routes: [theScriptsRoute, foreign] };
	assert.deepEqual(planSeedRemoval(facts, homeward), [
		{ kind: 'remove-rule', rule: theScripts },
		{ kind: 'remove-route', route: theScriptsRoute },
	]);
});
