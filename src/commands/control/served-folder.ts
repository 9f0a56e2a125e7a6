import { type Given, textOf } from '../../cli/arguments.ts';
import { Failure } from '../../failure.ts';
import type { MeshSettings } from '../mesh/mesh-settings.ts';

/** Files, and folders beside it, would be read by hosts and not be changed. */
export function servedFolder(given: Given, { config }: Pick<MeshSettings, 'config'>): string {
	const { definitions } = config.mesh;
	const named = textOf(given, 'definitions');
	const [first, ...more] = named === undefined ? definitions : [named];
	if (first !== undefined && more.length === 0) return first;
	throw new Failure(
		'config',
		`Cannot serve the definitions ${definitions.join(', ')}: they are not in one folder`,
		'Name the one that is to be changed: --definitions FOLDER',
	);
}
