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
	const problem = keyProblem(name, Object.keys(part).map(camelCase)) ?? shapeProblem(part);
	if (problem !== undefined) throw new Error(problem);
	return withCurrentTypes(part);
}

function keyProblem(name: string, keys: readonly string[]): string | undefined {
	const wanted = needs[name];
	if (wanted !== undefined && !keys.includes(wanted)) return `it has no ${wanted}`;
	const twice = keys.find((key, at) => keys.indexOf(key) < at);
	if (twice !== undefined) return `it has ${twice} in both spellings`;
	const taken = keys.find((key) => ours.includes(key));
	if (taken !== undefined) return `it has ${taken}, which is turnout's; allowed: all else of a bootstrap`;
	const strange = keys.find((key) => (homes[key] ?? name) !== name);
	return strange && `it has ${strange}; allowed in the file of ${homes[strange]} only`;
}

/** Where these are joined with turnout's own; all else is for Envoy to check. */
function shapeProblem(part: JsonObject): string | undefined {
	const of = (key: string) => part[key] ?? part[camelCase(key)];
	const [sinks = [], resources = {}] = [of('stats_sinks'), of('static_resources')];
	if (!Array.isArray(sinks)) return 'stats_sinks is no list';
	if (typeof resources !== 'object' || Array.isArray(resources)) return 'static_resources has no lists of resources';
	const [wrong] = Object.entries(resources).filter(([, list]) => list !== null && !Array.isArray(list));
	return wrong && `static_resources.${wrong[0]} is no list`;
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
	// As in protobuf's JSON, null is unset.
	const part = Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)) as JsonObject;
	if (isNeeded && Object.keys(part).length === 0) throw new Error('it is empty');
	return part;
}

function rulesOf(text: string): string {
	const problem = ruleProblem(JSON.parse(text));
	if (problem !== undefined) throw new Error(problem);
	return text;
}

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
