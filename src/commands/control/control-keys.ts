import { type Given, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import type { AccessKeys } from '../../control/access/access-keys.ts';
import { addKey, keysText, type NewKey, removeKey } from '../../control/access/edit-access-file.ts';
import { quote } from '../../lib/escape.ts';
import { accessFileOf, readAccessFile, readIfThere, readKeys, writeKeys } from './access-file.ts';

/** `turnout control keys [add USER | remove ID]`. */
export async function controlKeys(
	given: Given,
	[verb, name]: readonly string[],
	{ out, isJson }: CommandContext,
): Promise<number> {
	const path = accessFileOf(given);
	if (verb === undefined) out(listed(readKeys(path), isJson));
	else if (verb !== 'add' && verb !== 'remove') throw usage(`control keys takes add or remove, not ${quote(verb)}`);
	else if (name === undefined)
		throw usage(`control keys ${verb} takes ${verb === 'add' ? 'a user' : 'the id of a key'}`);
	else if (verb === 'remove') await writeKeys(path, removeKey(readAccessFile(path), path, name));
	else out(shown(await add(path, { user: name, policies: policiesOf(given) }), isJson));
	return 0;
}

function listed(keys: AccessKeys, isJson: boolean): string {
	if (!isJson) return keysText(keys);
	const all = [...keys.values()].map(({ id, user, policies }) => ({
		...{ accessKeyId: id, user, policies: policies.map(({ name }) => name) },
	}));
	return `${JSON.stringify(all)}\n`;
}

const policiesOf = ({ policies }: Given): readonly string[] =>
	typeof policies === 'string' ? policies.split(',').filter((name) => name !== '') : [];

async function add(path: string, holder: Parameters<typeof addKey>[2]): Promise<NewKey> {
	const { text, key } = addKey(readIfThere(path), path, holder);
	await writeKeys(path, text);
	return key;
}

/** As a shell takes it; the only time that the secret is shown. */
const shown = (key: NewKey, isJson: boolean): string =>
	isJson
		? `${JSON.stringify(key)}\n`
		: `export AWS_ACCESS_KEY_ID=${key.accessKeyId} AWS_SECRET_ACCESS_KEY=${key.secretAccessKey}\n`;
