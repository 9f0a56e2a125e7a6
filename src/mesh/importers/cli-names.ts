import { isRecord } from '../check-shape.ts';
import { type Kind, kinds, nameKey } from '../schema/kinds.ts';
import type { Parameters } from './importer.ts';

/** Names that the CLI got by options, such as `--virtual-node-name`, by the keys that they have in JSON. */
export interface Names {
	readonly get: (key: string) => string | undefined;
	/** What the file's name says that it holds. */
	readonly kind: Kind | undefined;
}

const allKinds = Object.keys(kinds) as Kind[];

/** From a file's name, `serviceA.virtualNode.json` or `serviceA.virtual-node.yaml`; else from parameters of the same names. */
export function namesFor(file: string, parameters: Parameters): Names {
	const [, name = '', label = ''] = /([^/]+)\.([A-Za-z-]+)\.\w+$/.exec(file) ?? [];
	const kind = allKinds.find((each) => each.toLowerCase() === label.replaceAll('-', '').toLowerCase());
	return {
		kind,
		get: (key) => (kind !== undefined && key === nameKey(kind) ? name : parameters.get(key)),
	};
}

const fieldsOfSpec = (kind: Kind): string[] => Object.keys({ ...kinds[kind].required, ...kinds[kind].optional });

const fits = (kind: Kind, spec: unknown): boolean =>
	isRecord(spec) && Object.keys(spec).every((key) => fieldsOfSpec(kind).includes(key));

/** What `--spec file://…` takes: the fields of a spec, and nothing else. */
export const isBareSpec = (value: Readonly<Record<string, unknown>>): boolean =>
	Object.keys(value).length > 0 && allKinds.some((kind) => fits(kind, value));

/** A spec under its key, its names left out. */
export const isNamelessSpec = (value: Readonly<Record<string, unknown>>): boolean =>
	'spec' in value && Object.keys(value).every((key) => key === 'spec' || key === 'meshName' || key === 'tags');

/** By its own names; without them by the file's, or by a parameter that names such a resource. */
export function chosenKind(
	value: Readonly<Record<string, unknown>>,
	own: Kind | undefined,
	{ get, kind }: Names,
): Kind | undefined {
	if (own !== undefined && own !== 'mesh') return own;
	if (kind !== undefined) return kind;
	const spec = value['spec'];
	const named = allKinds.filter((each) => each !== 'mesh' && fits(each, spec) && get(nameKey(each)) !== undefined);
	// An empty spec fits every kind, and the mesh is the one that usually has it.
	if (own === 'mesh' && fits('mesh', spec)) return own;
	return named.length === 1 ? named[0] : own;
}
