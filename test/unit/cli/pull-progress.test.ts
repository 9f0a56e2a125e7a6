import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createProgress, progressLine } from '../../../src/cli/pull-progress.ts';
import type { PullProgress } from '../../../src/envoy/runtime.ts';
import type { PullStatus } from '../../../src/status/types.ts';
import { matchesGolden } from '../../support/golden.ts';
import { hostileTexts } from '../../support/hostile.ts';

const image = 'envoyproxy/envoy:v1.30.0';
const layer = (status: string, current = 0, total = 0) => ({ id: 'a1b2c3', status, current, total });
const MB = 1_000_000;

const pulls: Readonly<Record<string, PullProgress>> = {
	'no layer known yet': { image, layers: [] },
	'no layer begun': { image, layers: [layer('Pulling fs layer'), layer('Waiting')] },
	'the first bytes, most sizes unknown': {
		image,
		layers: [layer('Downloading', 500_000, 30 * MB), layer('Waiting'), layer('Waiting'), layer('Already exists')],
	},
	'an unknown size': { image, layers: [layer('Downloading', 12.34 * MB)] },
	'in the middle': {
		image,
		layers: [
			layer('Already exists'),
			layer('Pull complete', 2 * MB, 2 * MB),
			layer('Downloading', 10.3 * MB, 100 * MB),
			layer('Extracting', 1, 5 * MB),
			layer('Download complete', 99, 99),
		],
	},
	'unpacking the last': { image, layers: [layer('Pull complete', 4, 4), layer('Extracting', 1, 2_500)] },
	'all there': { image, layers: [layer('Pull complete', 1.5 * MB, 1.5 * MB), layer('Already exists')] },
	'all there before': { image, layers: [layer('Already exists')] },
	'a large image': { image, layers: [layer('Downloading', 950 * MB, 12_000 * MB)] },
	'a long name': {
		image: '840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.29.12.1-prod',
		layers: [layer('Downloading', 50 * MB, 107 * MB)],
	},
};

test('a pull is a line with a bar, sizes and finished layers', () => {
	const texts = Object.entries(pulls).map(([name, pull]) => {
		const lines = [120, 80, 60, 40, 24, 12].map(
			(columns) => `${String(columns).padStart(3)} ${progressLine(pull, columns)}\n`,
		);
		return `--- ${name}\n${lines.join('')}`;
	});
	matchesGolden(texts.join(''), join(import.meta.dirname, 'golden/progress.txt'));
});

describe('the line of a pull', () => {
	const odd: readonly PullStatus[] = [
		...Object.values(pulls),
		...hostileTexts('/tmp/mark').map((text) => ({
			image: text,
			layers: [layer(text, 5, 3), layer('Downloading', -1, -5)],
		})),
		{ image: 'größer/图片:新', layers: [layer('Downloading', 9e15, 1), layer('Downloading', Number.NaN, Number.NaN)] },
		{ image, layers: Array.from({ length: 500 }, () => layer('Downloading', 1, 2)) },
	];

	test('is never wider than the terminal, and ASCII only', () => {
		for (const pull of odd)
			for (let columns = -1; columns <= 200; columns += 1) {
				const line = progressLine(pull, columns);
				assert.ok(line.length <= Math.max(0, columns), `${columns}: ${line}`);
				assert.match(line, /^[\u0020-\u007e]*$/);
			}
	});

	test('shows 100% only when everything is fetched', () => {
		const at = (current: number) => progressLine({ image, layers: [layer('Downloading', current, 1_000)] }, 120);
		assert.match(at(999), / 99% /);
		assert.match(at(1_000), /\[={30}\] {2}100% /);
		assert.match(at(2_000), /\[={30}\] {2}100% {2}1\.0\/1\.0 kB/);
		assert.match(at(0), /\[> {29}\] {4}0% /);
	});

	test('never runs back while layers are fetched and unpacked', () => {
		const steps = [
			layer('Waiting'),
			layer('Downloading', 1, 10),
			layer('Downloading', 9, 10),
			layer('Verifying Checksum', 9, 10),
			layer('Download complete', 10, 10),
			layer('Extracting', 1, 10),
			layer('Extracting', 10, 10),
			layer('Pull complete', 10, 10),
		];
		const widths = steps.map(
			(step) => /=*/.exec(progressLine({ image: '', layers: [step] }, 80).split('[')[1] ?? '')?.[0].length,
		);
		assert.deepEqual(widths, [0, 3, 27, 30, 30, 30, 30, 30]);
	});
});

describe('on a terminal', () => {
	const [first, second] = [pulls['in the middle'], pulls['all there']];
	assert.ok(first && second);

	test('each line overwrites the one before, and the last stays', () => {
		const written: string[] = [];
		const progress = createProgress(
			(text) => written.push(text),
			() => 60,
		);
		progress.show(first);
		progress.show(first);
		progress.show(second);
		progress.end();
		progress.end();
		assert.deepEqual(written, [`\r\u001b[K${progressLine(first, 59)}`, `\r\u001b[K${progressLine(second, 59)}`, '\n']);
	});

	test('nothing is written without progress', () => {
		const written: string[] = [];
		const progress = createProgress(
			(text) => written.push(text),
			() => 60,
		);
		progress.end();
		assert.deepEqual(written, []);
	});

	test('the line follows the width of the terminal', () => {
		const written: string[] = [];
		const widths = [80, 30];
		const progress = createProgress(
			(text) => written.push(text),
			() => widths.shift() ?? 0,
		);
		progress.show(first);
		progress.show(first);
		assert.deepEqual(
			written.map((text) => text.length - 4 < 30),
			[false, true],
		);
	});
});
