/**
 * `name=value,…`; undefined if it is not that. A comma within a value stays one unless a name and `=` follow it:
 * `Hosts=a,b,Port=80`.
 */
export function parseNamedValues(text: string): ReadonlyMap<string, string> | undefined {
	const parts = text === '' ? [] : text.split(/,(?=[^,=\s]+=)/);
	const pairs = parts.map((part) => /^([^=\s,]+)=(.*)$/s.exec(part));
	if (pairs.includes(null)) return undefined;
	return new Map(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}
