import { type Given, textOf } from '../../cli/arguments.ts';
import { Failure } from '../../failure.ts';
import { isEtcd, splitDefinitions } from '../../values/etcd-address.ts';

/** A folder, or an etcd. Files, and folders beside it, would be read by hosts and not be changed. */
export function definitionsOf(given: Given, definitions: readonly string[]): string {
	const named = textOf(given, 'definitions');
	const [first, ...more] = named === undefined ? definitions : isEtcd(named) ? splitDefinitions(named) : [named];
	if (first !== undefined && more.length === 0) return first;
	throw new Failure(
		'config',
		`Cannot serve the definitions ${definitions.join(', ')}: they are not in one folder`,
		'Name the one that is to be changed: --definitions FOLDER, or etcd://HOST:2379/PREFIX',
	);
}
