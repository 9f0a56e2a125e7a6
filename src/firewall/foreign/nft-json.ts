/** nft's JSON (libnftables-json(5)), and what it says for people. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** A statement of a rule as nft would write it, about; '' of what only counts. */
export function wordsOf(statement: Json): string {
	if (!isObject(statement)) return String(statement);
	const { match, counter, vmap } = statement;
	if (counter !== undefined) return '';
	if (isObject(match)) return comparison(match);
	if (isObject(vmap)) return `${said(vmap['key'])} vmap`;
	const [name = ''] = Object.keys(statement);
	const value = statement[name];
	return isObject(value) && 'target' in value ? `${name} ${value['target']}` : name;
}

function comparison({ op, left, right }: JsonObject): string {
	const sign = op === '==' || op === 'in' ? [] : [String(op)];
	return [said(left), ...sign, said(right)].join(' ');
}

const LONGEST = 60;

function said(value: Json | undefined): string {
	if (Array.isArray(value)) return value.map(said).join(',').slice(0, LONGEST);
	if (!isObject(value)) return String(value ?? '');
	const [name = ''] = Object.keys(value);
	return sayings[name]?.(value[name] ?? null, name) ?? name;
}

type Saying = (inner: Json, name: string) => string | undefined;
const keyed: Saying = (inner, name) => (isObject(inner) ? `${name} ${inner['key']}` : undefined);
const joined =
	(between: string): Saying =>
	(inner) =>
		Array.isArray(inner) ? inner.map(said).join(between) : undefined;

const sayings: Readonly<Record<string, Saying>> = {
	payload: (inner) => (isObject(inner) ? `${inner['protocol']} ${inner['field']}` : undefined),
	meta: keyed,
	ct: keyed,
	fib: (inner) => (isObject(inner) ? `fib ${said(inner['flags'])} ${inner['result']}` : undefined),
	set: (inner) => `{ ${said(inner)} }`,
	range: joined('-'),
	concat: joined(' . '),
	prefix: (inner) => (isObject(inner) ? `${inner['addr']}/${inner['len']}` : undefined),
};
