// How turnout refuses: the text for a person, and the JSON for a program.
import assert from 'node:assert/strict';
import type { Outcome } from '../lab/turnout.ts';
import { isPrintable } from './printable.ts';

export interface Refusal {
	/** 1, unless the usage was wrong (64) or no daemon is there (3). */
	readonly code?: number;
	/** Each must be said. */
	readonly says: readonly (RegExp | string)[];
}

/** `turnout: Cannot …: why`, then the remedy on a line of its own, and nothing on standard output. */
export function assertRefused(outcome: Outcome, { code = 1, says }: Refusal): void {
	const text = withoutLog(outcome.stderr);
	assertSaid(outcome, code, text, says);
	const lines = text.split('\n');
	assert.match(lines[0] ?? '', /^turnout: Cannot .+/);
	for (const line of lines.slice(1, -2)) assert.match(line, /^ {2}\S/, text);
	assert.match(lines.at(-2) ?? '', /^[A-Z]\S* ./, `a remedy is missing: ${text}`);
	assert.equal(lines.at(-1), '');
	for (const line of lines) assert.ok(isPrintable(line), JSON.stringify(line));
}

/** The same with `--json`: one object with the code, the message and the remedy. */
export function assertRefusedJson(outcome: Outcome, { code = 1, says }: Refusal): void {
	const text = withoutLog(outcome.stderr);
	const { error, ...more } = JSON.parse(text) as { error: Record<string, string> };
	assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy']);
	assert.deepEqual(more, {});
	assert.notEqual(error['code'], 'internal', text);
	assert.match(error['message'] ?? '', /^Cannot ./);
	assert.match(error['remedy'] ?? '', /^[A-Z]\S* ./);
	assertSaid(outcome, code, `${error['message']}\n${error['remedy']}`, says);
}

function assertSaid({ code, stdout, stderr }: Outcome, wanted: number, text: string, says: Refusal['says']): void {
	assert.equal(code, wanted, stderr);
	assert.equal(stdout, '');
	assert.doesNotMatch(text, /defect of turnout|\bat .+:\d+:\d+/, 'nobody foresaw this');
	for (const said of says)
		if (typeof said === 'string') assert.ok(text.includes(said), `${JSON.stringify(said)} is not in: ${text}`);
		else assert.match(text, said);
}

/** The daemon's log precedes its last words. */
const withoutLog = (stderr: string): string =>
	stderr
		.split('\n')
		.filter((line) => !line.startsWith('{"time":'))
		.join('\n');
