import { firstTooDeep, lineCounter, type ParsedFile, tooDeep } from './document.ts';
import { jsonMistakes, parseJson } from './json-document.ts';
import { parseYaml } from './yaml-document.ts';

/**
 * JSON or YAML, told apart by content. What looks like JSON and is none may still be YAML in braces; if it is not that
 * either, the mistake is told as one of JSON.
 */
export function parseFile(text: string, file: string): ParsedFile {
	const content = text.replace(/^\ufeff/, '');
	const json = parseJson(content, file);
	if (json !== undefined) return json;
	const deep = firstTooDeep(content);
	if (deep !== undefined) return broken(file, lineCounter(content)(deep), ...tooDeep);
	if (/^\s*(resource|module|data)\s+"\w+"\s+("\w+"\s+)?\{/m.test(content) && !/^\s*[[{]/.test(content))
		return broken(file, 1, "this is Terraform's language", 'take what terraform show -json prints, or the state file');
	if (!/^\s*[[{]/.test(content)) return withContent(parseYaml(content, file), file);
	const others = [
		() => parseJson(quoteTemplates(content), file),
		() => parseYaml(content, file),
		() => parseYaml(asDocuments(content), file),
	];
	return firstParsed(others) ?? { documents: [], errors: jsonMistakes(content, file) };
}

function firstParsed(attempts: readonly (() => ParsedFile | undefined)[]): ParsedFile | undefined {
	for (const attempt of attempts) {
		const parsed = attempt();
		if (parsed?.errors.length === 0 && parsed.documents.length > 0) return parsed;
	}
	return undefined;
}

/** One reply of the CLI after another, as `aws … >> FILE` leaves them, each from the start of a line. The lines stay the same. */
const asDocuments = (text: string): string => text.replace(/\n\{/g, '\n--- {');

/** An editor may be half-way through a save, so that an empty file is told and not passed over. */
const withContent = (parsed: ParsedFile, file: string): ParsedFile =>
	parsed.documents.length + parsed.errors.length > 0
		? parsed
		: broken(file, 1, 'the file is empty', 'write definitions into it, or remove it');

const broken = (file: string, line: number, why: string, hint: string): ParsedFile => ({
	documents: [],
	errors: [{ file, line, path: '', why, hint }],
});

/** `"port": ${PORT}`, as templates of shell scripts have it: as a text it can be parsed, and is filled later. */
const quoteTemplates = (text: string): string =>
	text.replace(
		/("(?:[^"\\]+|\\.)*"?)|\$\{\w+\}|\$\w+/g,
		(found, inQuotes: string | undefined) => inQuotes ?? `"${found}"`,
	);
