import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Compares with a file that a person has read; `UPDATE_GOLDEN=1` rewrites it for the next review. */
export function matchesGolden(actual: string, path: string): void {
	if (process.env['UPDATE_GOLDEN']) write(path, actual);
	assert.equal(actual, readFileSync(path, 'utf8'), `differs from ${path}; UPDATE_GOLDEN=1 rewrites it`);
}

function write(path: string, text: string): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}
