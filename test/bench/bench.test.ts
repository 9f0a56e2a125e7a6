import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listNamespaces } from '../lab/net/namespace.ts';
import { backends } from '../support/dialects.ts';
import { isFull } from '../support/rounds.ts';
import { runBench } from './bench.ts';
import { type Figure, judge } from './figure.ts';
import { parseBenchArguments, sections } from './options.ts';
import { interleave, median, quantile } from './samples.ts';
import { benchStartup } from './startup.ts';
import { renderTable } from './table.ts';

test('the bench measures every part beside its reference and leaves no namespace behind', async () => {
	const few = {
		runs: 1,
		seconds: 60,
		connections: 20,
		changes: 1,
		faults: 7,
		cycles: 1,
		flips: 2,
		structure: 6,
		kills: 1,
		saves: 2,
		idleSeconds: 1,
		backends: backends.slice(0, 1),
	} as const;
	const told: string[] = [];
	// Two at once spoil each other's figures, and save time: only that there are figures matters here.
	const quick = ['cold', 'enable', 'repair', 'rest'];
	// The image is made, and measured, by test/host/docker/image.long.test.ts.
	const elsewhere = ['startup', 'image'];
	const only = sections.filter((section) => (isFull ? !elsewhere.includes(section) : quick.includes(section)));
	const [{ machine, figures: most }, startup] = await Promise.all([
		runBench({ ...few, only }, (text) => told.push(text)),
		benchStartup(few, ['status']),
	]);
	const figures = [...most, ...startup.map(judge)];
	assert.equal(told.filter((text) => /^\w+: /.test(text)).length, only.length);
	assert.ok(machine.processors > 0 && machine.iptables.startsWith('iptables v'));
	for (const { name, ours, reference } of figures) {
		assert.ok(Number.isFinite(ours) && Number.isFinite(reference?.value), `${name} has no number`);
		assert.ok(reference?.name, `${name} has no reference`);
	}
	assert.equal(new Set(figures.map(({ name }) => name)).size, figures.length, 'two figures bear the same name');
	// Of what is hoped to be nothing there is no ratio.
	for (const { ratio = 1, name } of figures.filter(({ unit, limits }) => unit === 'ms' && limits?.goal !== 0))
		assert.ok(ratio > 0.01 && ratio < 200, `${name} measures something else than its reference`);
	assert.deepEqual(
		listNamespaces().filter((name) => name.startsWith(`turnout-${process.pid}-`)),
		[],
	);
});

test('a verdict compares with the goal, then with what must be', () => {
	const figure = (ours: number): Figure => ({
		name: 'init',
		unit: 'ms',
		ours,
		reference: { name: 'the script', value: 50 },
		limits: { on: 'ratio', goal: 1, must: 2 },
	});
	assert.deepEqual(
		[50, 51, 100, 101].map((ours) => judge(figure(ours)).verdict),
		['goal', 'within must', 'within must', 'over'],
	);
	assert.equal(judge(figure(75)).ratio, 1.5);
	assert.equal(judge({ name: 'status', unit: 'ms', ours: 51, limits: { on: 'value', goal: 50 } }).verdict, 'over');
	assert.equal(judge({ name: 'connect', unit: 'µs', ours: 51 }).verdict, '');
	// Nothing is no multiple of nothing.
	assert.equal(judge({ ...figure(0), reference: { name: 'lost', value: 0 } }).ratio, undefined);
});

test('the table shows a figure, its reference, its limits and the verdict on one line', () => {
	const limits = { on: 'ratio', goal: 1, must: 2 } as const;
	const table = renderTable([
		judge({ name: 'init', unit: 'ms', ours: 61.26, reference: { name: 'the script', value: 42 }, limits }),
		judge({ name: 'lost', unit: '', ours: 0, limits: { on: 'value', goal: 0 } }),
	]);
	assert.deepEqual(
		table.split('\n').map((line) => line.split(/ {2,}/)),
		[
			['figure', 'ours', 'reference', 'ratio', 'goal', 'must', 'verdict', 'the reference is'],
			['init', '61.3 ms', '42 ms', '1.46×', '≤ 1.0×', '≤ 2.0×', 'within must', 'the script'],
			['lost', '0', '≤ 0', 'goal'],
			[''],
		],
	);
});

test('what is compared is taken in turns, and the first round does not count', async () => {
	const order: string[] = [];
	const take = (name: string) => async () => order.push(name);
	const taken = await interleave({ runs: 2, seconds: 60 }, { a: take('a'), b: take('b') });
	assert.deepEqual(order, ['a', 'b', 'a', 'b', 'a', 'b']);
	assert.deepEqual(taken, { a: [3, 5], b: [4, 6] });
	assert.deepEqual(await interleave({ runs: 1, seconds: 60 }, { a: async () => 7 }), { a: [7] });
	assert.deepEqual(await interleave({ runs: 9, seconds: 0 }, { a: async () => 7 }), { a: [7, 7, 7] });
	assert.equal(median([9, 1, 4]), 4);
	assert.equal(median([1, 2]), 1.5);
	assert.equal(quantile([...Array(101).keys()], 0.99), 99);
});

test('a count that is none, and a part that is not there, are named', () => {
	assert.throws(() => parseBenchArguments(['--runs', '0']), /--runs is "0", and takes a whole number from 1/);
	assert.throws(() => parseBenchArguments(['--only', 'cold,warm']), /--only knows cold, .*, and not "warm"/);
	assert.deepEqual(parseBenchArguments(['--only', 'rest,cold', '--idle', '5']).only, ['cold', 'rest']);
});
