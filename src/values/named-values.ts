import { hasControlCharacters, quote } from '../lib/escape.ts';

export type NamedValues = readonly (readonly [name: string, value: string])[];

/**
 * `name=value,…`. A comma within a value stays one unless a name and `=` follow it: `Hosts=a,b,Port=80`. Spaces around each
 * are trimmed. Throws where it is not that.
 */
export function parseNamedValues(text: string): NamedValues {
	const trimmed = text.replace(/^[\s,]+|[\s,]+$/g, '');
	if (hasControlCharacters(trimmed)) throw new Error(`${quote(text)} has a control character`);
	const parts = trimmed === '' ? [] : trimmed.split(/\s*,\s*(?=[^,=\s]+=)/);
	const pairs = parts.map((part): readonly [string, string] => {
		const [, name, value] = /^([^=\s,]+)=(.*)$/.exec(part) ?? [];
		if (name === undefined || value === undefined) throw new Error(`${quote(part)} is not name=value`);
		return [name, value];
	});
	const names = pairs.map(([name]) => name);
	const twice = names.find((name, at) => names.indexOf(name) !== at);
	if (twice !== undefined) throw new Error(`${quote(twice)} is given twice`);
	return pairs;
}
