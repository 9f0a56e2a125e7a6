// The files that Envoy's variables name: parts of a bootstrap in YAML or JSON, and X-Ray's sampling rules.
import { parseDocument } from 'yaml';
import { quote } from '../lib/escape.ts';
import { ruleProblem } from './sampling-rules.ts';
import { type JsonObject, withCurrentTypes } from './v2-types.ts';

/** What they say. */
export interface VariableFiles {
	/** Parts of a bootstrap, in the order in which they are added. */
	readonly parts: readonly JsonObject[];
	/** X-Ray's, as JSON. */
	readonly samplingRules?: string;
	readonly mistakes: readonly string[];
}

/** In AWS's order. */
const partNames = [
	'ENVOY_TRACING_CFG_FILE',
	'ENVOY_STATS_CONFIG_FILE',
	'ENVOY_STATS_SINKS_CFG_FILE',
	'ENVOY_RESOURCES_CONFIG_FILE',
];
const RULES = 'XRAY_SAMPLING_RULE_MANIFEST';

type Variables = Readonly<Record<string, string>>;

/** `read`: the text of a file; throws an Error that says why there is none. */
export function readVariableFiles(variables: Variables, read: (path: string) => string): VariableFiles {
	const mistakes: string[] = [];
	const attempt = <T>(name: string, parse: (text: string) => T): T | undefined => {
		const path = variables[name];
		if (path === undefined) return undefined;
		try {
			return parse(read(path));
		} catch (error) {
			mistakes.push(`${name}: ${quote(path)} cannot be used: ${(error as Error).message}`);
			return undefined;
		}
	};
	const parts = partNames.flatMap((name): JsonObject[] => {
		const part = attempt(name, (text) => partOf(name, text));
		return part === undefined ? [] : [part];
	});
	const samplingRules = attempt(RULES, rulesOf);
	return { parts, mistakes, ...(samplingRules === undefined ? {} : { samplingRules }) };
}

function partOf(name: string, text: string): JsonObject {
	const part = parsePart(text, name !== 'ENVOY_RESOURCES_CONFIG_FILE');
	const keys = Object.keys(part).map(camelCase);
	const wanted = needs[name];
	if (wanted !== undefined && !keys.includes(wanted)) throw new Error(`it has no ${wanted}`);
	for (const key of keys) {
		const home = homes[key] ?? name;
		if (keys.indexOf(key) !== keys.lastIndexOf(key)) throw new Error(`it has ${key} in both spellings`);
		if (ours.includes(key)) throw new Error(`it has ${key}, which is turnout's; allowed: all else of a bootstrap`);
		if (home !== name) throw new Error(`it has ${key}; allowed in the file of ${home} only`);
	}
	return withCurrentTypes(part);
}

/** By these the daemon knows and reaches its Envoy. */
const ours = ['node', 'admin', 'dynamicResources'];
/** What there is once in a bootstrap. */
const homes: Readonly<Record<string, string>> = {
	tracing: 'ENVOY_TRACING_CFG_FILE',
	statsConfig: 'ENVOY_STATS_CONFIG_FILE',
};
const needs: Readonly<Record<string, string>> = {
	ENVOY_TRACING_CFG_FILE: 'tracing',
	ENVOY_STATS_SINKS_CFG_FILE: 'statsSinks',
};

function parsePart(text: string, isNeeded: boolean): JsonObject {
	const document = parseDocument(text, { logLevel: 'silent' });
	const [error] = document.errors;
	if (error !== undefined) throw new Error(`invalid YAML: ${error.message.split('\n')[0]}`);
	const value: unknown = document.toJS() ?? {};
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw new Error('it is no part of a bootstrap');
	if (isNeeded && Object.keys(value).length === 0) throw new Error('it is empty');
	return value as JsonObject;
}

function rulesOf(text: string): string {
	const problem = ruleProblem(JSON.parse(text));
	if (problem !== undefined) throw new Error(problem);
	return text;
}

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
