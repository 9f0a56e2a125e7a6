import { Failure } from '../../failure.ts';
import { isRecord } from '../../mesh/check-shape.ts';
import { jsonMistakes, parseJson } from '../../mesh/json-document.ts';
import { mistakeAt } from '../../mesh/mistake-at.ts';
import { mistakeLine } from '../../mesh/mistake-line.ts';
import type { Mistake } from '../../mesh/resource.ts';
import type { AccessKey, AccessKeys } from './access-keys.ts';
import { belowOf, parsePolicy, type Report } from './parse-policy.ts';
import type { Policy } from './policy.ts';

const keyFields = ['accessKeyId', 'secretAccessKey', 'user', 'policies'];

/** IAM's own bounds of names (API 2010-05-08). */
const rules = {
	accessKeyId: { pattern: /^\w{16,128}$/, hint: 'from 16 to 128 letters, digits and _' },
	// Those of AWS have 40. From one request that somebody saw, a short one could be guessed.
	secretAccessKey: { pattern: /^[!-~]{32,128}$/, hint: 'from 32 to 128 characters of ASCII without spaces' },
	user: { pattern: /^[\w+=,.@-]{1,64}$/, hint: 'from 1 to 64 letters, digits and _+=,.@-' },
	policy: { pattern: /^[\w+=,.@-]{1,128}$/, hint: 'from 1 to 128 letters, digits and _+=,.@-' },
} as const;

/**
 * The file of access keys: `{ "keys": [{ accessKeyId, secretAccessKey, user, policies: [NAME] }], "policies": { NAME: document } }`.
 * Throws with all mistakes. No value below `keys` is told: a secret may stand where something else belongs.
 */
export function parseAccessFile(text: string, file: string): AccessKeys {
	const document = parseJson(text, file)?.documents[0];
	if (document === undefined) throw refused(jsonMistakes(text, file).map(withoutText));
	const mistakes: Mistake[] = [];
	const report: Report = (path, why, hint) => void mistakes.push(mistakeAt(document, path, why, hint));
	const keys = parseContent(document.value, report);
	if (mistakes.length > 0) throw refused(mistakes);
	return new Map(keys.map((key) => [key.id, key]));
}

const refused = (mistakes: readonly Mistake[]): Failure =>
	new Failure(
		'config',
		`Cannot take the access keys: ${mistakes.map(mistakeLine).join('\n')}`,
		'Mend the file; a turnout control that runs goes on with the keys that it has',
	);

/** What stands there may be a secret. */
const withoutText = ({ file, line }: Mistake): Mistake => ({
	...{ file, line, path: '' },
	why: 'it is no JSON, or a key of an object stands twice',
	hint: 'see RFC 8259 for what JSON is',
});

function parseContent(content: unknown, report: Report): readonly AccessKey[] {
	if (!isRecord(content)) report([], 'the file is an object', 'it has keys and policies');
	const { keys = [], policies = {}, ...others } = isRecord(content) ? content : {};
	for (const name of Object.keys(others)) report([name], 'unknown field', 'known: keys, policies');
	const known = parsePolicies(policies, belowOf(report, ['policies']));
	if (!Array.isArray(keys)) report(['keys'], 'the keys are a list', '');
	const parsed = (Array.isArray(keys) ? keys : []).map((key: unknown, at) =>
		parseKey(key, known, belowOf(report, ['keys', at])),
	);
	parsed.forEach(({ id }, at) => {
		const isTwice = id !== '' && parsed.findIndex((other) => other.id === id) < at;
		if (isTwice) report(['keys', at, 'accessKeyId'], 'another key has this id', 'each key has its own');
	});
	return parsed;
}

function parsePolicies(policies: unknown, report: Report): ReadonlyMap<string, Policy> {
	if (!isRecord(policies)) report([], 'the policies are an object', 'by name, each a policy document of IAM');
	const listed = Object.entries(isRecord(policies) ? policies : {});
	return new Map(
		listed.map(([name, document]) => {
			const { pattern, hint } = rules.policy;
			if (!pattern.test(name)) report([name], 'it is no name of a policy', hint);
			return [name, parsePolicy(name, document, belowOf(report, [name]))];
		}),
	);
}

function parseKey(key: unknown, known: ReadonlyMap<string, Policy>, report: Report): AccessKey {
	const fields = isRecord(key) ? key : {};
	if (!Object.keys(fields).every((name) => keyFields.includes(name)))
		report([], 'it has an unknown field', `known: ${keyFields.join(', ')}`);
	const text = (name: 'accessKeyId' | 'secretAccessKey' | 'user'): string => {
		const value = fields[name];
		const { pattern, hint } = rules[name];
		if (typeof value === 'string' && pattern.test(value)) return value;
		report([name], value === undefined ? `${name} is missing` : `it is no ${name}`, hint);
		return '';
	};
	const secret = text('secretAccessKey');
	return {
		...{ id: text('accessKeyId'), user: text('user'), secret: () => secret },
		policies: attached(fields['policies'], known, belowOf(report, ['policies'])),
	};
}

function attached(names: unknown, known: ReadonlyMap<string, Policy>, report: Report): readonly Policy[] {
	const hint = `known: ${known.size === 0 ? 'none' : [...known.keys()].join(', ')}`;
	if (!Array.isArray(names)) report([], 'the policies of a key are a list of their names', hint);
	return (Array.isArray(names) ? names : []).flatMap((name: unknown, at) => {
		const policy = typeof name === 'string' ? known.get(name) : undefined;
		if (policy === undefined) report([at], 'there is no such policy', hint);
		return policy ?? [];
	});
}
