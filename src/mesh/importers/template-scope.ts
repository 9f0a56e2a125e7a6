import { quote } from '../../lib/escape.ts';
import { nearest } from '../nearest.ts';
import type { Segment } from '../path.ts';
import { fieldsOf, partOf, scalar, type Traced, textAt } from '../traced.ts';
import type { Parameters } from './importer.ts';

/** What the functions of a CloudFormation template can ask for. */
export interface Scope {
	readonly template: Traced;
	/** Given from outside. */
	readonly given: Parameters;
	/** Undefined: it is told already. */
	readonly tell: (at: readonly Segment[], why: string, hint?: string) => undefined;
	/** What other templates export under this name. */
	readonly exported: (name: string) => (() => Traced | undefined) | undefined;
	/** Works each name out once, and tells of those that lead back to themselves. */
	readonly once: (name: string, at: readonly Segment[], act: () => Traced | undefined) => Traced | undefined;
}

/** Of names that lead to each other. Real templates have three or four. */
const LONGEST_WAY = 100;

export function createOnce(tell: Scope['tell']): Scope['once'] {
	const known = new Map<string, Traced | undefined>();
	const way: string[] = [];
	return (name, at, act) => {
		if (known.has(name)) return known.get(name);
		if (way.includes(name))
			return tell(at, `${name} refers to itself: ${[...way.slice(way.indexOf(name)), name].join(' → ')}`);
		if (way.length >= LONGEST_WAY) return tell(at, `more than ${LONGEST_WAY} names lead to each other`);
		way.push(name);
		const found = act();
		way.pop();
		known.set(name, found);
		return found;
	};
}

export const missing = ({ tell }: Scope, at: readonly Segment[], name: string, why: string): undefined =>
	tell(at, why, `give it as a parameter: ${name}=VALUE`);

/** Those of CloudFormation itself that are the same almost everywhere. */
const pseudoDefaults: ReadonlyMap<string, string> = new Map([
	['AWS::Partition', 'aws'],
	['AWS::URLSuffix', 'amazonaws.com'],
]);

/** `AWS::Region`; undefined for AWS::NoValue, which takes away what has it. */
export function pseudoParameter(name: string, at: readonly Segment[], scope: Scope): Traced | undefined {
	if (name === 'AWS::NoValue') return undefined;
	const value = scope.given.get(name) ?? pseudoDefaults.get(name);
	if (value !== undefined) return scalar(value, at);
	return missing(scope, at, name, `${name} depends on where the template is used`);
}

export const parameterOf = ({ template }: Scope, name: string): Traced | undefined =>
	partOf(partOf(template, 'Parameters'), name);

export function parameterValue(
	name: string,
	parameter: Traced,
	at: readonly Segment[],
	scope: Scope,
): Traced | undefined {
	const type = textAt(parameter, 'Type') ?? 'String';
	const value = scope.given.get(name);
	// The default of such a parameter is the name of what holds the value.
	const fallback = type.startsWith('AWS::SSM::') ? undefined : partOf(parameter, 'Default');
	const found = value === undefined ? fallback : scalar(value, at);
	if (found === undefined) return missing(scope, at, name, `the parameter ${quote(name)} has no value`);
	const allowed = partOf(parameter, 'AllowedValues');
	const text = found.kind === 'scalar' ? String(found.value) : '';
	const values =
		allowed?.kind === 'list' ? allowed.items.map((item) => (item.kind === 'scalar' ? String(item.value) : '')) : [];
	if (values.length > 0 && !values.includes(text))
		return scope.tell(at, `the parameter ${quote(name)} may not be ${quote(text)}`, `one of ${values.join(', ')}`);
	if (!/^(CommaDelimitedList|List<)/.test(type)) return found;
	const items = text === '' ? [] : text.split(',').map((item) => scalar(item.trim(), found.at));
	return { kind: 'list', items, at: found.at };
}

/** What a reference may have meant. */
export function unknownName(name: string, at: readonly Segment[], scope: Scope): undefined {
	const { template, tell } = scope;
	const known = [...fieldsOf(partOf(template, 'Parameters')).keys(), ...fieldsOf(partOf(template, 'Resources')).keys()];
	const near = nearest(name, known);
	const otherwise = known.length === 0 ? 'the template has no parameters' : `it has ${known.length} others`;
	const hint = near === undefined ? otherwise : `did you mean ${quote(near)}?`;
	return tell(at, `the template has no parameter or resource ${quote(name)}`, hint);
}
