import { randomBytes } from 'node:crypto';
import { applyEdits, type JSONPath, modify } from 'jsonc-parser';
import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import type { AccessKeys } from './access-keys.ts';
import { parseAccessFile } from './parse-access-file.ts';

export interface NewKey {
	readonly accessKeyId: string;
	/** Told once, when it is made. */
	readonly secretAccessKey: string;
}

const EMPTY = '{\n\t"keys": [],\n\t"policies": {}\n}\n';

/** The letters of Crockford's base 32: none looks like another. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `text`: the file's, before and after; undefined where there is none yet. Throws where the file would be refused, as for an unknown policy. */
export function addKey(
	text: string | undefined,
	file: string,
	holder: { readonly user: string; readonly policies: readonly string[] },
): { readonly text: string; readonly key: NewKey } {
	const key = { accessKeyId: newId(), secretAccessKey: randomBytes(30).toString('base64url') };
	const content = text ?? EMPTY;
	const added = edited(content, file, ['keys', parseAccessFile(content, file).size], { ...key, ...holder });
	return { text: added, key };
}

/** The same letters as AWS's ids, and told from these at once. */
const newId = (): string =>
	`TURN${Array.from(randomBytes(16), (byte) => LETTERS[byte % LETTERS.length] ?? '').join('')}`;

export function removeKey(text: string, file: string, id: string): string {
	const at = [...parseAccessFile(text, file).keys()].indexOf(id);
	if (at === -1)
		throw new Failure(
			'usage',
			`Cannot remove the key ${quote(id)}: there is none`,
			'The ids of all keys stand in the file',
		);
	return edited(text, file, ['keys', at], undefined);
}

/** What stands elsewhere in the file stays as it is written. */
function edited(text: string, file: string, path: JSONPath, value: unknown): string {
	const insertSpaces = !text.includes('\n\t');
	const result = applyEdits(text, modify(text, path, value, { formattingOptions: { insertSpaces, tabSize: 2 } }));
	parseAccessFile(result, file);
	return result;
}

/** Who holds which key; never a secret. */
export const keysText = (keys: AccessKeys): string =>
	[...keys.values()]
		.map(({ id, user, policies }) => `${id}  ${user}  ${policies.map(({ name }) => name).join(', ') || 'no policy'}\n`)
		.join('');
