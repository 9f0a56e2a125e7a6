import type { Given } from '../../cli/arguments.ts';
import { Failure } from '../../failure.ts';

/** Files, and folders beside it, would be read by hosts and not be changed. */
export function definitionsOf(given: Given, definitions: readonly string[]): string {
	const [first, ...more] = typeof given['definitions'] === 'string' ? [given['definitions']] : definitions;
	if (first !== undefined && more.length === 0) return first;
	throw new Failure(
		'config',
		`Cannot serve the definitions ${definitions.join(', ')}: they are not in one folder`,
		'Name the one that is to be changed: --definitions FOLDER',
	);
}
