import { stringify } from 'yaml';
import { isRecord } from './check-shape.ts';
import { escapeTemplates } from './fill-templates.ts';
import type { Resource } from './resource.ts';
import { type Kind, nameKey, parentOf } from './schema/kinds.ts';

/** A resource by the names that App Mesh's own JSON has: `{"meshName": …, "virtualNodeName": …, "spec": …}`. */
export type CanonicalResource = Readonly<Record<string, unknown>>;

/**
 * All resources in one order, whatever order they were found in: by mesh, kind and name, their fields by name. Equal
 * meshes give equal texts, so that `diff` shows what differs.
 */
export const canonicalResources = (resources: readonly Resource[]): CanonicalResource[] =>
	[...resources].sort(inOrder).map(canonicalResource);

export const canonicalJson = (resources: readonly Resource[]): string =>
	`${JSON.stringify(canonicalResources(resources), null, 2)}\n`;

/** One document for each resource. Texts that an older YAML would take for something else stand in quotes. */
export const canonicalYaml = (resources: readonly Resource[]): string =>
	canonicalResources(resources).map(yamlText).join('---\n');

export const jsonText = (resource: CanonicalResource): string => `${JSON.stringify(resource, null, 2)}\n`;

export const yamlText = (resource: CanonicalResource): string =>
	stringify(resource, { lineWidth: 0, blockQuote: false, compat: 'yaml-1.1', aliasDuplicateObjects: false });

const kindOrder: readonly Kind[] = [
	...(['mesh', 'virtualService', 'virtualRouter', 'route', 'virtualNode', 'virtualGateway', 'gatewayRoute'] as const),
];

function inOrder(a: Resource, b: Resource): number {
	const kindsApart = kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind);
	return compare(a.mesh, b.mesh) || kindsApart || compare(a.parent, b.parent) || compare(a.name, b.name);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

export function canonicalResource({
	kind,
	mesh,
	name,
	parent,
	spec,
}: Pick<Resource, 'kind' | 'mesh' | 'name' | 'parent' | 'spec'>): CanonicalResource {
	const outer = parentOf[kind];
	return {
		meshName: escapeTemplates(mesh),
		...(outer === undefined ? {} : { [nameKey(outer)]: escapeTemplates(parent) }),
		...(kind === 'mesh' ? {} : { [nameKey(kind)]: escapeTemplates(name) }),
		spec: inKeyOrder(spec, escapeTemplates),
	};
}

/** What is null is not set. `textOf`: what becomes of texts. */
export function inKeyOrder(value: unknown, textOf: (text: string) => string): unknown {
	if (Array.isArray(value)) return value.map((each) => inKeyOrder(each, textOf));
	if (typeof value === 'string') return textOf(value);
	if (!isRecord(value)) return value;
	const set = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
	return Object.fromEntries(
		set.sort(([a], [b]) => compare(a, b)).map(([key, field]) => [key, inKeyOrder(field, textOf)]),
	);
}
