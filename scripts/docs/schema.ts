// PURE. docs/settings.schema.json: the settings file as editors understand it. turnout's own check says more.

import type { Setting } from '../../src/config/formats.ts';
import { allSettings, sections } from '../../src/config/names.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export function renderSchema(): string {
	const all = [...allSettings].map(([key, setting]) => [key, propertyOf(setting)] as const);
	const within = (prefix: string) =>
		all.flatMap(([key, property]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), property] as const] : []));
	const schema: Json = {
		$schema: 'https://json-schema.org/draft/2020-12/schema',
		title: 'turnout.yaml',
		...objectOf([
			...all.filter(([key]) => !key.includes('.')),
			...sections.map((section) => [section, objectOf(within(`${section}.`))] as const),
		]),
	};
	return `${JSON.stringify(schema, null, '\t')}\n`;
}

const objectOf = (properties: readonly (readonly [string, Json])[]) => ({
	type: ['object', 'null'],
	additionalProperties: false,
	properties: Object.fromEntries(properties),
});

function propertyOf(setting: Setting<unknown>): Json {
	const { doc, allowed, variable, default: standard } = setting;
	const description = `${doc}. Allowed: ${allowed}. Variable: ${variable}`;
	return { description, default: standard, ...typeOf(setting) };
}

function typeOf(setting: Setting<unknown>): { readonly [key: string]: Json } {
	const words = choicesOf(setting);
	if (words.length > 0) return { enum: words.flatMap(spellings) };
	const [, least, most] = / from (\d+) to (\d+)$/.exec(setting.allowed) ?? [];
	if (least !== undefined) return { type: ['integer', 'string'], minimum: Number(least), maximum: Number(most) };
	if (/separated by commas|interface names/.test(setting.allowed))
		return { type: ['integer', 'string', 'array', 'null'], items: { type: ['integer', 'string'] } };
	return { type: ['string', 'null'] };
}

/** The words that a setting's own text allows, if it allows nothing but words and its parser agrees. */
export function choicesOf({ allowed, parse }: Setting<unknown>): string[] {
	const words = allowed.split(/, | or /);
	const accepts = (text: string) => {
		try {
			parse(text);
			return true;
		} catch {
			return false;
		}
	};
	return words.length > 1 && words.every(accepts) && !accepts('no such word') ? words : [];
}

/** YAML's 1 is a number and its true is what 1 is to turnout. */
function spellings(word: string): Json[] {
	if (word === '1') return [1, true, '1'];
	return word === '0' ? [0, false, '0'] : [word];
}
