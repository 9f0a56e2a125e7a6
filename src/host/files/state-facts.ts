import { constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StateFacts } from '../../doctor/state-check.ts';
import { accessError } from '../../lib/fs.ts';
import { readStateOf } from './state-file.ts';

/** Of the state directory as it is. */
export function readStateFacts(directory: string): StateFacts {
	const stats = statSync(directory, { throwIfNoEntry: false });
	const facts = { directory, isFolder: stats?.isDirectory() !== false, mode: stats?.mode, isHidden: false, broken: '' };
	if (stats === undefined || !facts.isFolder) return facts;
	return isHidden(join(directory, 'state.json'))
		? { ...facts, isHidden: true }
		: { ...facts, broken: readStateOf(directory).broken };
}

const isHidden = (path: string): boolean => accessError(path, constants.R_OK) === 'EACCES';
