import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogEvent, levels, logJson, logText } from '../../src/lib/log-event.ts';
import { createLog, createOutlet } from '../../src/log.ts';
import { isPrintable } from '../support/printable.ts';

const time = '2026-11-23T05:31:26.120Z';
const event: LogEvent = {
	time,
	level: 'info',
	event: 'interception enabled',
	fields: { backend: 'iptables-nft', ms: 12 },
};

test('an event is one line of JSON, whatever its fields contain', () => {
	assert.equal(
		logJson(event),
		`{"time":"${time}","level":"info","event":"interception enabled","backend":"iptables-nft","ms":12}\n`,
	);
	const why = 'two\nlines "and" \u001b[2J';
	const line = logJson({ ...event, fields: { why, nothing: undefined } });
	assert.equal(line.indexOf('\n'), line.length - 1);
	assert.deepEqual(JSON.parse(line), { time, level: 'info', event: event.event, why });
});

test('as text, an event is the time of day, the event and its fields, and the level unless it is info', () => {
	assert.equal(logText(event), '05:31:26 interception enabled backend=iptables-nft ms=12\n');
	const warning: LogEvent = { ...event, level: 'warn', fields: { why: 'it is so', isOn: true, nothing: undefined } };
	assert.equal(logText(warning), '05:31:26 warn: interception enabled why="it is so" isOn=true\n');
});

test('no field can control the terminal or pretend to be another line', () => {
	for (const text of ['\u001b[2J', '\u009b31m', 'a\nb', '\r', '\u0007', '\u007f']) {
		const line = logText({ ...event, fields: { why: text } });
		assert.ok(isPrintable(line.slice(0, -1)), JSON.stringify(line));
	}
});

test('every listener gets the events at or above the level, with their time', () => {
	const [first, second]: [LogEvent[], LogEvent[]] = [[], []];
	const log = createLog('warn', [(each) => first.push(each), (each) => second.push(each)], () => new Date(time));
	for (const level of levels) log(level, level, { level });
	assert.deepEqual(first, [
		{ time, level: 'warn', event: 'warn', fields: { level: 'warn' } },
		{ time, level: 'error', event: 'error', fields: { level: 'error' } },
	]);
	assert.deepEqual(second, first);
});

test('a long field is truncated', () => {
	const heard: LogEvent[] = [];
	createLog('info', [(entry) => heard.push(entry)])('warn', 'failed', { why: 'x'.repeat(100_000), ms: 5 });
	assert.equal(String(heard[0]?.fields['why']).length, 4_097);
	assert.equal(heard[0]?.fields['ms'], 5);
});

test('lines that nobody reads are dropped, and their number is logged when the reader is back', () => {
	const stream = { writableLength: 0, written: [] as string[], write: (text: string) => stream.written.push(text) };
	const write = createOutlet(stream, () => new Date(time));
	write('one\n');
	stream.writableLength = 2 * 1024 * 1024;
	write('two\n');
	write('three\n');
	stream.writableLength = 0;
	write('four\n');
	write('five\n');
	const lost = `{"time":"${time}","level":"warn","event":"log lines lost","lines":2}\n`;
	assert.deepEqual(stream.written, ['one\n', lost, 'four\n', 'five\n']);
});
