import { isRecord } from './check-shape.ts';
import type { Parameters } from './importers/importer.ts';
import { convertScalar } from './importers/translate.ts';
import { type Segment, textOfPath } from './path.ts';
import type { Imported, Mistake, RawResource } from './resource.ts';
import { kinds, nameKey, parentOf } from './schema/kinds.ts';
import type { Shape } from './schema/shape.ts';

/**
 * Fills `${NAME}` in all texts of resources, as `envsubst` would, and a whole text `$NAME`, as `jq` templates have it, if
 * there is a parameter of that name. `$${NAME}` stands for the text `${NAME}` itself.
 */
export function fillTemplates(found: Imported, parameters: Parameters): Imported {
	const filled = found.resources.map((raw) => (mayHaveTemplate(raw) ? fillResource(raw, parameters) : untouched(raw)));
	return {
		...found,
		resources: filled.flatMap(({ raw, errors }) => (errors.length === 0 ? [raw] : [])),
		errors: [...found.errors, ...filled.flatMap(({ errors }) => errors)],
		warnings: [...found.warnings, ...filled.flatMap(({ warnings }) => warnings)],
	};
}

/** The other way: a text that would be taken for a template. */
export const escapeTemplates = (text: string): string => text.replace(/\$+\{\w+\}/g, (template) => `$${template}`);

/** Whether parameters are filled in. */
export function hasTemplate(value: unknown, parameters: Parameters): boolean {
	if (typeof value === 'string') {
		const bare = bareName(value);
		return bare === undefined ? /(?<!\$)\$\{\w+\}/.test(value) : parameters.has(bare);
	}
	if (Array.isArray(value)) return value.some((item) => hasTemplate(item, parameters));
	return isRecord(value) && Object.values(value).some((field) => hasTemplate(field, parameters));
}

const bareName = (text: string): string | undefined => /^\$([A-Za-z_]\w*)$/.exec(text)?.[1];

interface Filling {
	readonly parameters: Parameters;
	/** A `${NAME}` without a value. */
	readonly miss: (path: readonly Segment[], name: string) => void;
	/** A `$NAME` without a value: it may be meant. */
	readonly doubt: (path: readonly Segment[], name: string) => void;
}

interface Filled {
	readonly raw: RawResource;
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
}

const mayHaveTemplate = ({ mesh, name, parent, spec }: RawResource): boolean =>
	JSON.stringify([mesh, name, parent, spec]).includes('$');

const untouched = (raw: RawResource): Filled => ({ raw, errors: [], warnings: [] });

function fillResource(raw: RawResource, parameters: Parameters): Filled {
	const [errors, warnings]: [Mistake[], Mistake[]] = [[], []];
	const mistakeAt = (path: readonly Segment[], why: string, name: string): Mistake => ({
		...raw.placeOf(textOfPath(path)),
		...{ why, hint: `give it as a parameter: ${name}=VALUE` },
	});
	const filling: Filling = {
		parameters,
		miss: (path, name) => void errors.push(mistakeAt(path, `the template \${${name}} has no value`, name)),
		doubt: (path, name) =>
			void warnings.push(mistakeAt(path, `$${name} looks like a template, and has no value`, name)),
	};
	const text = (value: string, key: string) => fillText(value, [key], filling);
	const outer = parentOf[raw.kind];
	const filled = {
		...raw,
		mesh: raw.mesh === undefined ? undefined : text(raw.mesh, 'meshName'),
		name: raw.kind === 'mesh' ? raw.name : text(raw.name, nameKey(raw.kind)),
		parent: outer === undefined ? '' : text(raw.parent, nameKey(outer)),
		spec: fill(raw.spec, kinds[raw.kind], ['spec'], filling),
	};
	return { raw: { ...filled, name: raw.kind === 'mesh' ? (filled.mesh ?? '') : filled.name }, errors, warnings };
}

/** Where a template is all of a text, it may also be a number or a boolean. */
function fill(value: unknown, shape: Shape | undefined, path: readonly Segment[], filling: Filling): unknown {
	if (typeof value === 'string') {
		const text = fillText(value, path, filling);
		return text === value || shape === undefined ? text : convertScalar(shape, text);
	}
	if (Array.isArray(value)) {
		const of = shape?.kind === 'list' ? shape.of : undefined;
		return value.map((item, at) => fill(item, of, [...path, at], filling));
	}
	if (!isRecord(value)) return value;
	const filled: Record<string, unknown> = Object.create(null);
	for (const [key, field] of Object.entries(value))
		filled[key] = fill(field, fieldOf(shape, key), [...path, key], filling);
	return filled;
}

const fieldOf = (shape: Shape | undefined, key: string): Shape | undefined =>
	shape?.kind === 'object' || shape?.kind === 'union' ? (shape.required[key] ?? shape.optional[key]) : undefined;

function fillText(text: string, path: readonly Segment[], { parameters, miss, doubt }: Filling): string {
	if (!text.includes('$')) return text;
	const bare = bareName(text);
	if (bare !== undefined) {
		if (!parameters.has(bare)) doubt(path, bare);
		return parameters.get(bare) ?? text;
	}
	return text.replace(/\$(\$*)\{(\w+)\}/g, (_, escapes: string, name: string) => {
		if (escapes !== '') return `${escapes}{${name}}`;
		const value = parameters.get(name);
		if (value === undefined) miss(path, name);
		return value ?? '';
	});
}
