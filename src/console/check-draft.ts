import { inKeyOrder, jsonText, yamlText } from '../mesh/canonical.ts';
import { isRecord } from '../mesh/check-shape.ts';
import { checkSpec } from '../mesh/check-spec.ts';
import type { ShownResource } from '../mesh/console-protocol.ts';
import { fitOf } from '../mesh/fit.ts';
import { parseFile } from '../mesh/parse-file.ts';
import { isSameKey, type Mistake, type Resource, type ResourceKey } from '../mesh/resource.ts';
import { checkResource } from '../mesh/validate-resources.ts';

export type Syntax = 'YAML' | 'JSON';

/** A spec as somebody writes it. */
export interface CheckedDraft {
	/** Undefined: it cannot be read. */
	readonly spec: object | undefined;
	/** By them it would be refused. */
	readonly mistakes: readonly Mistake[];
	/** What others of the mesh then do not fit: it is taken all the same. */
	readonly others: readonly Mistake[];
}

const FILE = 'spec';

/** What `turnout control` is going to check, with the line in the text. `all`: the resources of the mesh as they are. */
export function checkDraft(text: string, key: ResourceKey, all: readonly ShownResource[]): CheckedDraft {
	const { documents, errors } = text.trim() === '' ? emptySpec : parseFile(text, FILE);
	const [document, second] = documents;
	if (document === undefined || errors.length > 0) return broken(errors);
	if (second !== undefined) return broken([at(second.placeOf('').line, 'a second document begins', 'a spec is one')]);
	const spec = document.value;
	if (!isRecord(spec)) return broken([at(1, 'it is not an object', 'write fields, such as listeners:')]);
	const placeOf = (path: string) => ({ ...document.placeOf(path.replace(/^spec\.?/, '')), path });
	return { spec, ...judge({ ...key, spec, placeOf }, all) };
}

const emptySpec = {
	documents: [{ value: {}, file: FILE, placeOf: (path: string) => ({ file: FILE, line: 1, path }) }],
	errors: [],
};

const broken = (mistakes: readonly Mistake[]): CheckedDraft => ({ spec: undefined, mistakes, others: [] });

const at = (line: number, why: string, hint: string): Mistake => ({ file: FILE, line, path: '', why, hint });

type Raw = ResourceKey & Pick<Resource, 'placeOf'> & { readonly spec: unknown };

export function judge(raw: Raw, all: readonly ShownResource[]): Omit<CheckedDraft, 'spec'> {
	const { resource, errors } = checkResource(raw);
	const mistakes = resource === undefined ? errors : checkSpec(resource);
	if (resource === undefined || mistakes.length > 0) return { mistakes, others: [] };
	const others = all.filter((each) => each.mesh === raw.mesh && !isSameKey(each, raw)).map(asResource);
	const former = all.find((each) => isSameKey(each, raw));
	const { missing, own, others: unfit } = fitOf(others, resource, former && asResource(former));
	return { mistakes: [...missing, ...own], others: unfit };
}

/** `turnout control` has checked it. Its mistakes stand at its name. */
export function asResource(shown: ShownResource): Resource {
	const { kind, mesh, parent, name, spec } = shown;
	const file = `${kind} ${parent === '' ? '' : `${parent}/`}${name}`;
	return { kind, mesh, parent, name, spec, placeOf: (path: string) => ({ file, line: 1, path }) } as Resource;
}

/** Fields in one order, so that a diff shows what differs. */
export function specText(spec: object, syntax: Syntax): string {
	const ordered = inKeyOrder(spec, (text) => text) as Readonly<Record<string, unknown>>;
	return syntax === 'YAML' ? yamlText(ordered) : jsonText(ordered);
}
