import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Given, textOf, usage } from '../../cli/arguments.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of the unit that comes with turnout. */
const OF_SERVICE = '/var/lib/turnout-control';
const NAME = 'history.jsonl';

/**
 * Where the changes of a folder are recorded: what is asked for, else in the folder that systemd has made for the unit, else
 * where a user's programs keep their state (XDG Base Directory). Not beside the definitions, which may be in git.
 */
export function historyFileFor(given: Given, root: string, env: Environment): string {
	const named = textOf(given, 'history') ?? inStateDirectory(env);
	if (named !== undefined) return named;
	const home = stateHome(env);
	if (home !== undefined) return ofUser(home, root);
	throw usage('name the file in which changes are recorded: --history FILE');
}

/** The one to read: whoever looks may not be the user that serves. */
export function historyFileOf(given: Given, root: string, env: Environment): string {
	const served = join(OF_SERVICE, NAME);
	const home = stateHome(env);
	const isOwn = home !== undefined && existsSync(ofUser(home, root));
	const isGiven = textOf(given, 'history') !== undefined || inStateDirectory(env) !== undefined;
	return !isGiven && !isOwn && (home === undefined || existsSync(served)) ? served : historyFileFor(given, root, env);
}

/** Several have colons between (systemd.exec(5)). */
function inStateDirectory({ STATE_DIRECTORY: folders = '' }: Environment): string | undefined {
	const [first = ''] = folders.split(':');
	return first === '' ? undefined : join(first, NAME);
}

function stateHome({ XDG_STATE_HOME: given = '', HOME: home = '' }: Environment): string | undefined {
	if (given.startsWith('/')) return given;
	return home === '' ? undefined : join(home, '.local/state');
}

/** A user may serve several folders. */
const ofUser = (home: string, root: string): string =>
	join(home, 'turnout', `history-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.jsonl`);
