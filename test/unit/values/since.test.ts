import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSince } from '../../../src/values/since.ts';
import { hostileTexts } from '../../support/hostile.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const at = (text: string): string => new Date(parseSince(text, now) ?? assert.fail(text)).toISOString();

test('a duration is counted back from now', () => {
	assert.equal(at('0s'), '2026-11-23T12:00:00.000Z');
	assert.equal(at('45s'), '2026-11-23T11:59:15.000Z');
	assert.equal(at('10m'), '2026-11-23T11:50:00.000Z');
	assert.equal(at('2h'), '2026-11-23T10:00:00.000Z');
	assert.equal(at('1d'), '2026-11-22T12:00:00.000Z');
});

test('parses RFC 3339 with its offset, also if a query string turned the plus into a space', () => {
	assert.equal(at('2026-11-23T05:31:26Z'), '2026-11-23T05:31:26.000Z');
	assert.equal(at('2026-11-23t05:31:26.120z'), '2026-11-23T05:31:26.120Z');
	assert.equal(at('2026-11-23T05:31:26.123456789Z'), '2026-11-23T05:31:26.123Z');
	for (const offset of ['+01:00', ' 01:00'])
		assert.equal(at(`2026-11-23T05:31:26${offset}`), '2026-11-23T04:31:26.000Z');
	assert.equal(at('2024-02-29T00:00:00-05:30'), '2024-02-29T05:30:00.000Z');
});

test('anything else is rejected', () => {
	const wrong = [
		...['', ' ', '10', 's', '1.5h', '-5m', '5M', '5 m', '1h30m', '1234567s', '5w', 'now', '1700000000'],
		...['2026-11-23', '2026-11-23T05:31', '2026-11-23T05:31:26', '05:31:26Z', '2026-02-30T00:00:00Z'],
		...['2026-13-01T00:00:00Z', '2026-11-23T25:00:00Z', '2026-11-23T05:31:26+25:00', '2026-11-23T05:31:26Z\n'],
		...['5m\n', '５m', 'Infinitys', ...hostileTexts('/tmp/mark')],
	];
	for (const text of wrong) assert.equal(parseSince(text, now), undefined, JSON.stringify(text));
});
