/** JSON for a reader: whatever fits into a line stands in one. */
export function compactJson(value: unknown, indent = ''): string {
	const line = JSON.stringify(value);
	if (typeof value !== 'object' || value === null || indent.length + line.length <= 130) return line;
	const deeper = `${indent} `;
	const items = Array.isArray(value)
		? value.map((item) => deeper + compactJson(item, deeper))
		: Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${compactJson(item, deeper)}`);
	const [open, close] = Array.isArray(value) ? '[]' : '{}';
	return `${open}\n${items.join(',\n')}\n${indent}${close}`;
}
