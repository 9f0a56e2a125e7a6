/** nft's JSON (libnftables-json(5)), and its statements as text. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** A statement of a rule, roughly as nft writes it; '' for a counter. */
export function describeStatement(statement: Json): string {
	if (!isObject(statement)) return String(statement);
	const { match, counter, vmap } = statement;
	if (counter !== undefined) return '';
	if (isObject(match)) return comparison(match);
	if (isObject(vmap)) return `${describeValue(vmap['key'])} vmap`;
	const [name = ''] = Object.keys(statement);
	const value = statement[name];
	return isObject(value) && 'target' in value ? `${name} ${value['target']}` : name;
}

function comparison({ op, left, right }: JsonObject): string {
	const sign = op === '==' || op === 'in' ? [] : [String(op)];
	return [describeValue(left), ...sign, describeValue(right)].join(' ');
}

const MAX_LENGTH = 60;

function describeValue(value: Json | undefined): string {
	if (Array.isArray(value)) return value.map(describeValue).join(',').slice(0, MAX_LENGTH);
	if (!isObject(value)) return String(value ?? '');
	const [name = ''] = Object.keys(value);
	return describers[name]?.(value[name] ?? null, name) ?? name;
}

type Describe = (inner: Json, name: string) => string | undefined;
const keyed: Describe = (inner, name) => (isObject(inner) ? `${name} ${inner['key']}` : undefined);
const joined =
	(between: string): Describe =>
	(inner) =>
		Array.isArray(inner) ? inner.map(describeValue).join(between) : undefined;

const describers: Readonly<Record<string, Describe>> = {
	payload: (inner) => (isObject(inner) ? `${inner['protocol']} ${inner['field']}` : undefined),
	meta: keyed,
	ct: keyed,
	fib: (inner) => (isObject(inner) ? `fib ${describeValue(inner['flags'])} ${inner['result']}` : undefined),
	set: (inner) => `{ ${describeValue(inner)} }`,
	range: joined('-'),
	concat: joined(' . '),
	prefix: (inner) => (isObject(inner) ? `${inner['addr']}/${inner['len']}` : undefined),
};
