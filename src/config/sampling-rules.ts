import { quote } from '../lib/escape.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Why Envoy would pass over these rules of X-Ray, and take its own; undefined where it would not. */
export function ruleProblem(manifest: unknown): string | undefined {
	if (!isObject(manifest)) return 'it is no JSON object';
	const { version, default: standard, rules = [] } = manifest;
	if (version !== 2) return `version is ${JSON.stringify(version)}; allowed: 2`;
	if (!isObject(standard)) return 'it has no default';
	if (!Array.isArray(rules)) return 'rules is no list';
	return targetProblem('default', standard) ?? rules.map((rule, at) => oneProblem(`rules[${at}]`, rule)).find(isThere);
}

function oneProblem(path: string, rule: unknown): string | undefined {
	if (!isObject(rule)) return `${path} is no JSON object`;
	const missing = ['host', 'http_method', 'url_path'].find((key) => typeof rule[key] !== 'string');
	return missing === undefined ? targetProblem(path, rule) : `${path} has no ${missing}`;
}

function targetProblem(path: string, { fixed_target: target, rate }: Fields): string | undefined {
	if (!(Number.isInteger(target) && Number(target) >= 0))
		return `${path}.fixed_target is ${shown(target)}; allowed: a whole number from 0 on`;
	if (!(typeof rate === 'number' && rate >= 0 && rate <= 1))
		return `${path}.rate is ${shown(rate)}; allowed: a number from 0 to 1`;
	return undefined;
}

const shown = (value: unknown): string => (value === undefined ? 'missing' : quote(JSON.stringify(value)));

const isObject = (value: unknown): value is Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const isThere = (problem: string | undefined): boolean => problem !== undefined;
