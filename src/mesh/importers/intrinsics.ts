import { quote } from '../../lib/escape.ts';
import type { Segment } from '../path.ts';
import { itemsOf, nameIn, object, partOf, scalar, type Traced } from '../traced.ts';
import { attribute, type Evaluate, reference } from './template-resources.ts';
import type { Scope } from './template-scope.ts';

/** A value of a template with its functions worked out; undefined: a condition took it away, or it is told why not. */
export function evaluate(value: Traced, scope: Scope): Traced | undefined {
	if (value.kind === 'scalar') return value;
	if (value.kind === 'list') return { ...value, items: value.items.flatMap((item) => evaluate(item, scope) ?? []) };
	const [[name, argument] = ['', undefined], ...more] = value.fields;
	if (argument !== undefined && more.length === 0 && (name === 'Ref' || name.startsWith('Fn::')))
		return call(name, argument, scope);
	const fields = [...value.fields].flatMap(([key, field]) => {
		const found = evaluate(field, scope);
		return found === undefined ? [] : [[key, found] as const];
	});
	return object(fields, value.at);
}

function call(name: string, argument: Traced, scope: Scope): Traced | undefined {
	const known = functions[name];
	if (known !== undefined) return known(argument, scope);
	const others = Object.keys(functions).join(', ');
	return scope.tell(argument.at, `${name} cannot be worked out here`, `write its result instead; known: ${others}`);
}

type Intrinsic = Evaluate;

const textOf = (value: Traced | undefined, scope: Scope): string | undefined => {
	if (value === undefined) return undefined;
	if (value.kind === 'scalar' && value.value !== null) return String(value.value);
	return scope.tell(value.at, 'a text is needed here');
};

/** Names may double each other: without a bound a small template could fill the memory. */
const LONGEST_TEXT = 1_000_000;

const made = (text: string, at: readonly Segment[], { tell }: Scope): Traced | undefined =>
	text.length > LONGEST_TEXT ? tell(at, `it makes a text of more than ${LONGEST_TEXT} characters`) : scalar(text, at);

/** The arguments of a function that takes several. */
function argumentsOf(argument: Traced, least: number, scope: Scope): readonly Traced[] | undefined {
	if (argument.kind === 'list' && argument.items.length >= least) return argument.items;
	return scope.tell(argument.at, `a list of ${least} arguments is needed here`);
}

const ref: Intrinsic = (argument, scope) => {
	const name = textOf(argument, scope);
	return name === undefined ? undefined : reference(name, argument.at, scope, evaluate);
};

/** `[Id, Attribute]` or `Id.Attribute` */
const getAtt: Intrinsic = (argument, scope) => {
	const parts = argument.kind === 'list' ? argument.items.map((item) => evaluate(item, scope)) : [argument];
	const texts = parts.map((part) => textOf(part, scope));
	const [id = '', ...name] = texts.join('.').split('.');
	return texts.includes(undefined) ? undefined : attribute(id, name.join('.'), argument.at, scope, evaluate);
};

const join: Intrinsic = (argument, scope) => {
	const [separator, given] = argumentsOf(argument, 2, scope) ?? [];
	const list = given === undefined ? undefined : evaluate(given, scope);
	const texts = itemsOf(list).map((item) => textOf(item, scope));
	if (separator === undefined || list === undefined || texts.includes(undefined)) return undefined;
	if (list.kind !== 'list') return scope.tell(list.at, 'a list is needed here');
	const between = textOf(evaluate(separator, scope), scope) ?? '';
	return made(texts.join(between), argument.at, scope);
};

const sub: Intrinsic = (argument, scope) => {
	const [pattern, own] = argument.kind === 'list' ? argument.items : [argument];
	const text = textOf(pattern, scope) ?? '';
	const parts = text.split(/(\$\{[^}]*\})/).map((part) => substituted(part, own, argument.at, scope));
	return parts.includes(undefined) ? undefined : made(parts.join(''), argument.at, scope);
};

function substituted(part: string, own: Traced | undefined, at: readonly Segment[], scope: Scope): string | undefined {
	const [, literal, name = ''] = /^\$\{(!?)\s*(.*?)\s*\}$/.exec(part) ?? [];
	if (literal === undefined) return part;
	if (literal === '!') return `\${${name}}`;
	const variable = partOf(own, name);
	if (variable !== undefined) return textOf(evaluate(variable, scope), scope);
	const [id = '', ...attributes] = name.split('.');
	const isAttribute = attributes.length > 0 && !name.startsWith('AWS::');
	const found = isAttribute
		? attribute(id, attributes.join('.'), at, scope, evaluate)
		: reference(name, at, scope, evaluate);
	return textOf(found, scope);
}

/** False also where it could not be worked out, which is told. */
function isTrue(value: Traced | undefined, scope: Scope): boolean {
	if (value?.kind !== 'object') return textOf(value, scope) === 'true';
	const named = value.fields.get('Condition');
	const found = named === undefined ? evaluate(value, scope) : scalar(holds(nameIn(named), named.at, scope), named.at);
	return textOf(found, scope) === 'true';
}

/** Whether the template's condition of this name is met. */
export function holds(name: string, at: readonly Segment[], scope: Scope): boolean {
	const condition = partOf(partOf(scope.template, 'Conditions'), name);
	if (condition === undefined) {
		scope.tell(at, `the template has no condition ${quote(name)}`);
		return false;
	}
	const found = scope.once(`condition ${name}`, at, () => scalar(isTrue(condition, scope), at));
	return found?.kind === 'scalar' && found.value === true;
}

const choose: Intrinsic = (argument, scope) => {
	const [condition, then, otherwise] = argumentsOf(argument, 3, scope) ?? [];
	const name = textOf(condition, scope);
	if (condition === undefined || name === undefined) return undefined;
	const chosen = holds(name, condition.at, scope) ? then : otherwise;
	return chosen === undefined ? undefined : evaluate(chosen, scope);
};

const select: Intrinsic = (argument, scope) => {
	const [index, given] = argumentsOf(argument, 2, scope) ?? [];
	const list = given === undefined ? undefined : evaluate(given, scope);
	const text = index === undefined ? undefined : textOf(evaluate(index, scope), scope);
	if (list === undefined || text === undefined) return undefined;
	const item = itemsOf(list)[Number(text)];
	return item ?? scope.tell(argument.at, `there is no item ${text} in a list of ${itemsOf(list).length}`);
};

const split: Intrinsic = (argument, scope) => {
	const [separator, given] = argumentsOf(argument, 2, scope) ?? [];
	const between = textOf(separator, scope);
	const text = given === undefined ? undefined : textOf(evaluate(given, scope), scope);
	if (between === undefined || between === '' || text === undefined) return undefined;
	return { kind: 'list', items: text.split(between).map((part) => scalar(part, argument.at)), at: argument.at };
};

const findInMap: Intrinsic = (argument, scope) => {
	const items = argumentsOf(argument, 3, scope);
	const keys = items?.slice(0, 3).map((item) => textOf(evaluate(item, scope), scope));
	if (items === undefined || keys === undefined || keys.includes(undefined)) return undefined;
	const found = keys.reduce<Traced | undefined>(
		(outer, key) => partOf(outer, key ?? ''),
		partOf(scope.template, 'Mappings'),
	);
	const value = found ?? partOf(items[3], 'DefaultValue');
	if (value !== undefined) return evaluate(value, scope);
	return scope.tell(argument.at, `the template's mappings have no ${keys.map((key) => quote(key ?? '')).join(' → ')}`);
};

const importValue: Intrinsic = (argument, scope) => {
	const name = textOf(evaluate(argument, scope), scope);
	if (name === undefined) return undefined;
	const given = scope.given.get(name);
	if (given !== undefined) return scalar(given, argument.at);
	const value = scope.exported(name);
	const found = value === undefined ? undefined : scope.once(`export ${name}`, argument.at, value);
	if (value !== undefined) return found === undefined ? undefined : { ...found, at: argument.at };
	const hint = `add that template to the definitions, or give it as a parameter: ${name}=VALUE`;
	return scope.tell(argument.at, `no template here exports ${quote(name)}`, hint);
};

const verdict = (value: boolean, { at }: Traced): Traced => scalar(value, at);

const functions: Readonly<Record<string, Intrinsic>> = {
	Ref: ref,
	'Fn::GetAtt': getAtt,
	'Fn::Sub': sub,
	'Fn::Join': join,
	'Fn::If': choose,
	'Fn::Select': select,
	'Fn::Split': split,
	'Fn::FindInMap': findInMap,
	'Fn::ImportValue': importValue,
	'Fn::Base64': (argument, scope) => {
		const text = textOf(evaluate(argument, scope), scope);
		return text === undefined ? undefined : scalar(base64(text), argument.at);
	},
	'Fn::Equals': (argument, scope) => {
		const sides = argumentsOf(argument, 2, scope)?.map((item) => textOf(evaluate(item, scope), scope)) ?? [];
		return verdict(sides[0] !== undefined && sides[0] === sides[1], argument);
	},
	'Fn::And': (argument, scope) =>
		verdict(
			itemsOf(argument).every((item) => isTrue(item, scope)),
			argument,
		),
	'Fn::Or': (argument, scope) =>
		verdict(
			itemsOf(argument).some((item) => isTrue(item, scope)),
			argument,
		),
	'Fn::Not': (argument, scope) => verdict(!isTrue(itemsOf(argument)[0], scope), argument),
};

/** Of its UTF-8. */
const base64 = (text: string): string =>
	btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
