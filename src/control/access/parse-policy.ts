import { quote } from '../../lib/escape.ts';
import { isRecord } from '../../mesh/check-shape.ts';
import { fieldHint, nearest } from '../../mesh/nearest.ts';
import type { Segment } from '../../mesh/path.ts';
import { actions } from './actions.ts';
import { matchesAction, type Patterns, type Policy, type Statement } from './policy.ts';

/** Takes a mistake at a path of the document. */
export type Report = (path: readonly Segment[], why: string, hint: string) => void;

type Fields = Readonly<Record<string, unknown>>;

const VERSIONS: readonly unknown[] = ['2012-10-17', '2008-10-17', undefined];
const statementFields = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

/** A policy document of IAM. What would not mean here what it means to IAM is a mistake; with one, the result is of no use. */
export function parsePolicy(name: string, document: unknown, report: Report): Policy {
	if (!isRecord(document)) {
		report([], 'a policy is an object', 'it has Version and Statement');
		return { name, statements: [] };
	}
	reportUnknown(document, ['Version', 'Id', 'Statement'], report);
	if (!VERSIONS.includes(document['Version'])) report(['Version'], 'unknown version', 'the current one is 2012-10-17');
	const listed = document['Statement'];
	const isList = Array.isArray(listed);
	const statements: readonly unknown[] = isList ? listed : [listed];
	if (statements.length === 0) report(['Statement'], 'a policy has at least one statement', '');
	const below = (at: number) => belowOf(report, isList ? ['Statement', at] : ['Statement']);
	const parsed = statements.map((statement, at) => parseStatement(name, at + 1, statement, below(at)));
	parsed.forEach(({ sid }, at) => {
		const isTwice = sid !== '' && parsed.findIndex((other) => other.sid === sid) < at;
		if (isTwice) below(at)(['Sid'], `${quote(sid)} stands twice`, 'each statement has its own, or none');
	});
	return { name, statements: parsed };
}

export const belowOf =
	(report: Report, base: readonly Segment[]): Report =>
	(path, why, hint) =>
		report([...base, ...path], why, hint);

const nothing: Patterns = { patterns: [], isNegated: false };

function parseStatement(policy: string, number: number, fields: unknown, report: Report): Statement {
	if (!isRecord(fields)) {
		report([], 'a statement is an object', `it has some of ${statementFields.join(', ')}`);
		return { policy, number, sid: '', effect: 'Deny', actions: nothing, resources: nothing };
	}
	reportUnknown(fields, statementFields, report);
	reportConditions(fields['Condition'], report);
	return {
		...{ policy, number, sid: parseSid(fields['Sid'], report), effect: parseEffect(fields['Effect'], report) },
		actions: parsePatterns(fields, 'Action', actionMistake, report),
		resources: parsePatterns(fields, 'Resource', resourceMistake, report),
	};
}

function parseSid(sid: unknown, report: Report): string {
	if (sid === undefined) return '';
	if (typeof sid === 'string' && /^[A-Za-z0-9]*$/.test(sid)) return sid;
	report(['Sid'], 'a Sid has letters and digits only', '');
	return '';
}

function parseEffect(effect: unknown, report: Report): Statement['effect'] {
	if (effect === 'Allow' || effect === 'Deny') return effect;
	report(['Effect'], effect === undefined ? '"Effect" is missing' : 'unknown effect', 'one of Allow, Deny');
	return 'Deny';
}

/** Most are about facts that AWS alone has. One that is passed over would allow too much. */
function reportConditions(condition: unknown, report: Report): void {
	if (condition !== undefined && !isRecord(condition)) report(['Condition'], 'a condition is an object', '');
	const keys = Object.entries(isRecord(condition) ? condition : {}).flatMap(([operator, asked]) =>
		isRecord(asked) ? Object.keys(asked).map((key) => [operator, key]) : [[operator]],
	);
	const why = 'conditions are not evaluated here, since most need AWS';
	for (const path of keys) report(['Condition', ...path], why, 'remove it, and say it by Action and Resource');
}

interface Wrong {
	readonly why: string;
	readonly hint: string;
}

function parsePatterns(
	fields: Fields,
	name: 'Action' | 'Resource',
	mistakeIn: (text: string) => Wrong | undefined,
	report: Report,
): Patterns {
	const names = [name, `Not${name}`].filter((each) => fields[each] !== undefined);
	const [found] = names;
	if (found === undefined || names.length > 1) {
		const what = found === undefined ? 'neither is there' : 'both are there';
		report([], `exactly one of ${name} and Not${name} is needed, but ${what}`, '');
		return nothing;
	}
	const listed = fields[found];
	const texts: readonly unknown[] = Array.isArray(listed) ? listed : [listed];
	if (texts.length === 0) report([found], 'the list is empty', 'remove the statement, or list something');
	texts.forEach((text, at) => {
		const wrong = typeof text === 'string' ? mistakeIn(text) : { why: 'it is not a text', hint: '' };
		if (wrong !== undefined) report(Array.isArray(listed) ? [found, at] : [found], wrong.why, wrong.hint);
	});
	return { patterns: texts.map(String), isNegated: found !== name };
}

/** One that matches nothing is told: somebody believes that it denies, or allows. Those of other services are left alone. */
function actionMistake(text: string): Wrong | undefined {
	if (text === '*') return undefined;
	const [, service, name = ''] = /^([a-z0-9-]+):([a-z0-9*?]+)$/i.exec(text) ?? [];
	const [, guess] = /^appmesh\W*([a-z0-9*?]+)$/i.exec(text) ?? [];
	const meant = guess === undefined ? 'such as appmesh:CreateMesh' : `did you mean appmesh:${guess}?`;
	if (service === undefined) return { why: `${quote(text)} is not SERVICE:ACTION`, hint: meant };
	if (service.toLowerCase() !== 'appmesh') return undefined;
	if (actions.some((action) => matchesAction(text, action))) return undefined;
	return {
		why: `${quote(text)} is no action of App Mesh`,
		hint: `did you mean ${nearest(`appmesh:${name}`, actions)}?`,
	};
}

const ARN_PARTS = 6;

function resourceMistake(text: string): Wrong | undefined {
	if (text === '*') return undefined;
	if (text.includes('${'))
		return { why: 'variables are not filled in here, since most need AWS', hint: 'write what it stands for' };
	const parts = text.split(':');
	const [arn, , service = ''] = parts;
	if (arn !== 'arn' || (parts.length < ARN_PARTS && !text.endsWith('*')))
		return {
			why: `${quote(text)} is neither * nor an ARN`,
			hint: 'such as arn:aws:appmesh:REGION:ACCOUNT:mesh/MESH/virtualNode/NODE, with * and ? where you like',
		};
	if (!/^[a-z0-9-]+$/.test(service)) return { why: 'the service in an ARN has no wildcards', hint: 'write appmesh' };
	return undefined;
}

function reportUnknown(fields: Fields, known: readonly string[], report: Report): void {
	for (const name of Object.keys(fields))
		if (!known.includes(name)) report([name], `unknown field ${quote(name)}`, fieldHint(name, known));
}
