import { type Given, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { addKey, keysText, removeKey } from '../../control/access/edit-access-file.ts';
import { readSecretFile } from '../../host/files/read-secret-file.ts';
import { publishDraft, writeDraft } from '../../lib/atomic-write.ts';
import { quote } from '../../lib/escape.ts';
import { accessFileOf, readIfThere, readKeys } from './access-file.ts';

/** `turnout control keys [add USER | remove ID]`. */
export async function controlKeys(
	given: Given,
	[verb, name]: readonly string[],
	{ out, isJson }: CommandContext,
): Promise<number> {
	const path = accessFileOf(given);
	if (verb === undefined) {
		const keys = readKeys(path);
		const all = [...keys.values()].map(({ id, user, policies }) => ({
			...{ accessKeyId: id, user, policies: policies.map((policy) => policy.name) },
		}));
		out(isJson ? `${JSON.stringify(all)}\n` : keysText(keys));
		return 0;
	}
	if (name === undefined) throw usage(`control keys ${verb} takes ${verb === 'remove' ? 'the id of a key' : 'a user'}`);
	if (verb === 'remove') {
		await write(path, removeKey(readSecretFile(path), path, name));
		return 0;
	}
	if (verb !== 'add') throw usage(`control keys takes add or remove, not ${quote(verb)}`);
	const policies = String(given['policies'] ?? '')
		.split(',')
		.filter((each) => each !== '');
	const { text, key } = addKey(readIfThere(path), path, { user: name, policies });
	await write(path, text);
	out(
		isJson
			? `${JSON.stringify(key)}\n`
			: `export AWS_ACCESS_KEY_ID=${key.accessKeyId} AWS_SECRET_ACCESS_KEY=${key.secretAccessKey}\n`,
	);
	return 0;
}

async function write(path: string, text: string): Promise<void> {
	writeDraft(path, text, 0o600);
	await publishDraft(path, () => true);
}
