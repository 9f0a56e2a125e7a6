import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule, Routing, TableRoute } from '../../src/routing/routing.ts';
import { type Family, families } from '../../src/values/units.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryRouting } from '../support/memory-routing.ts';

const ruleOf = (family: Family, more: Partial<PolicyRule> = {}): PolicyRule => ({
	...{
		family,
		priority: 100,
		table: 100,
		mark: 0x1e7700ce,
		mask: 0xffff_ffff,
		hasOtherSelectors: false,
		protocol: 0xce,
	},
	...more,
});
const routeOf = (family: Family, table = 100, more: Partial<TableRoute> = {}): TableRoute => ({
	...{ family, table, kind: 'local', metric: 0xffff_ffff, protocol: 0xce, text: 'local default' },
	...more,
});

/** Ours; what a kernel has of its own does not count. */
const rulesIn = async (routing: Routing, family: Family): Promise<PolicyRule[]> =>
	(await routing.rules(family)).filter(({ protocol }) => protocol === 0xce);
const routesIn = async (routing: Routing, family: Family): Promise<TableRoute[]> =>
	(await routing.routes(family)).filter(({ protocol }) => protocol === 0xce);

const contract: Readonly<Record<string, (routing: Routing, family: Family) => Promise<void>>> = {
	async 'a rule that was added is there, once, in its own family, and gone again when it is removed'(routing, family) {
		const rule = ruleOf(family);
		await routing.change({ kind: 'add-rule', rule });
		await routing.change({ kind: 'add-rule', rule });
		assert.deepEqual(await rulesIn(routing, family), [rule]);
		assert.deepEqual(await rulesIn(routing, otherOf(family)), []);
		await routing.change({ kind: 'remove-rule', rule });
		assert.deepEqual(await rulesIn(routing, family), []);
	},

	async 'a route that was added is there, once, in its own family, and gone again when it is removed'(routing, family) {
		const route = routeOf(family);
		await routing.change({ kind: 'add-route', route });
		await routing.change({ kind: 'add-route', route });
		const [found, ...more] = await routesIn(routing, family);
		assert.deepEqual({ ...found, text: '' }, { ...route, text: '' });
		assert.deepEqual(more, []);
		assert.deepEqual(await routesIn(routing, otherOf(family)), []);
		await routing.change({ kind: 'remove-route', route });
		assert.deepEqual(await routesIn(routing, family), []);
	},

	async 'routes of one table are told apart, and stand in their order'(routing, family) {
		const routes = [routeOf(family, 100, { kind: 'throw', metric: 0xffff_fffe }), routeOf(family)];
		for (const route of routes.toReversed()) await routing.change({ kind: 'add-route', route });
		const found = async () => (await routesIn(routing, family)).map(({ kind, metric }) => ({ kind, metric }));
		const told = routes.map(({ kind, metric }) => ({ kind, metric }));
		assert.deepEqual(
			(await found()).toSorted((a, b) => a.metric - b.metric),
			told,
		);
		for (const route of routes) await routing.change({ kind: 'remove-route', route });
		assert.deepEqual(await found(), []);
	},

	async 'what is not there is removed without a word'(routing, family) {
		await routing.change({ kind: 'remove-rule', rule: ruleOf(family) });
		await routing.change({ kind: 'remove-route', route: routeOf(family) });
	},

	async 'marks and tables of all sizes are kept as they are'(routing, family) {
		for (const mark of [1, 0x8000_0000, 0xffff_ffff])
			for (const table of [1, 252, 256, 0xffff_ffff]) {
				const [rule, route] = [ruleOf(family, { mark, table }), routeOf(family, table)];
				await routing.change({ kind: 'add-route', route });
				await routing.change({ kind: 'add-rule', rule });
				assert.deepEqual(await rulesIn(routing, family), [rule]);
				assert.equal((await routesIn(routing, family))[0]?.table, table);
				await routing.change({ kind: 'remove-rule', rule });
				await routing.change({ kind: 'remove-route', route });
			}
	},

	async 'many questions at once are all answered'(routing, family) {
		const rule = ruleOf(family);
		await routing.change({ kind: 'add-rule', rule });
		const answers = await Promise.all(Array.from({ length: 20 }, () => rulesIn(routing, family)));
		for (const answer of answers) assert.deepEqual(answer, [rule]);
		await routing.change({ kind: 'remove-rule', rule });
	},
};

const otherOf = (family: Family): Family => (family === 'ipv4' ? 'ipv6' : 'ipv4');

for (const family of families)
	for (const [title, hold] of Object.entries(contract))
		test(`routing in memory, ${family}: ${title}`, () => hold(createMemoryRouting(), family));

test('the routing of a real kernel', async (context) => {
	using namespace = createNamespace('contract');
	namespace.run('ip', ['link', 'set', 'lo', 'up']);
	using far = openFarHost(namespace);
	for (const family of families)
		for (const [title, hold] of Object.entries(contract))
			await context.test(`${family}: ${title}`, () => hold(far.routing, family));
});

test('what somebody else has put there is read with what makes it his', async () => {
	using namespace = createNamespace('contract');
	namespace.run('ip', ['link', 'set', 'lo', 'up']);
	using far = openFarHost(namespace);
	for (const [option, family] of [
		['-4', 'ipv4'],
		['-6', 'ipv6'],
	] as const) {
		const address = family === 'ipv4' ? '192.0.2.0/24' : '2001:db8::/32';
		const lines = [
			'rule add fwmark 0x1e7700ce lookup 100',
			`rule add priority 7 from ${address} fwmark 0x10/0xff lookup 300`,
			'rule add priority 8 iif lo lookup 300',
			'rule add priority 9 not fwmark 0x10 lookup 300',
			'route add local default dev lo table 100',
			`route add unreachable ${address} table 100`,
		];
		namespace.run('ip', [option, '-batch', '-'], { input: `${lines.join('\n')}\n` });
		const rules = (await far.routing.rules(family)).filter(({ table }) => table === 100 || table === 300);
		assert.deepEqual(
			rules.map(({ priority, mark, mask, hasOtherSelectors, table }) => ({
				priority,
				mark,
				mask,
				hasOtherSelectors,
				table,
			})),
			[
				{ priority: 7, mark: 0x10, mask: 0xff, hasOtherSelectors: true, table: 300 },
				{ priority: 8, mark: undefined, mask: undefined, hasOtherSelectors: true, table: 300 },
				{ priority: 9, mark: 0x10, mask: 0xffff_ffff, hasOtherSelectors: true, table: 300 },
				{ priority: 32765, mark: 0x1e7700ce, mask: 0xffff_ffff, hasOtherSelectors: false, table: 100 },
			],
		);
		const routes = (await far.routing.routes(family)).filter(({ table }) => table === 100);
		assert.deepEqual(routes.map(({ kind }) => kind).sort(), ['local', 'other']);
		assert.ok(routes.some(({ text }) => text.startsWith('unreachable ')));
	}
});
