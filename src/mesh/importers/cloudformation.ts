import { isRecord } from '../check-shape.ts';
import type { ParsedDocument } from '../document.ts';
import type { Imported, Mistake } from '../resource.ts';
import { type Kind, kinds, nameKey, parentOf } from '../schema/kinds.ts';
import { object as objectShape, type Shape } from '../schema/shape.ts';
import { fieldsOf, nameIn, object, partOf, scalar, type Traced, textAt, trace } from '../traced.ts';
import { fromParts, type Importer, imported, nothingImported, type Parameters, placeIn, together } from './importer.ts';
import { evaluate, holds } from './intrinsics.ts';
import { kindOfType, nameProperty, upperFirst } from './template-resources.ts';
import { createOnce, type Scope } from './template-scope.ts';
import { convertScalar, type Notation, translate } from './translate.ts';

/** CloudFormation templates, and what CDK makes of programs. Resources that are not App Mesh's are passed over. */
export const cloudFormation: Importer = {
	format: 'CloudFormation',
	recognises: (value) =>
		isRecord(value) && isRecord(value['Resources']) && Object.values(value['Resources']).some(hasType),
	read: (documents, given) => {
		const exports = new Map<string, () => Traced | undefined>();
		const templates = documents.map((document) => openTemplate(document, given, (name) => exports.get(name)));
		for (const { scope } of templates) for (const [name, value] of exportsOf(scope)) exports.set(name, value);
		const found = templates.map(readTemplate);
		return together([...found, ...templates.map(({ errors }) => ({ ...nothingImported, errors }))]);
	},
	hasTemplates: false,
};

const hasType = (resource: unknown): boolean => isRecord(resource) && typeof resource['Type'] === 'string';

interface Template {
	readonly document: ParsedDocument;
	readonly scope: Scope;
	/** Grows while the template is worked out. */
	readonly errors: readonly Mistake[];
}

function openTemplate(document: ParsedDocument, given: Parameters, exported: Scope['exported']): Template {
	const errors: Mistake[] = [];
	const tell: Scope['tell'] = (at, why, hint = '') => void errors.push({ ...placeIn(document, at), why, hint });
	return {
		document,
		errors,
		scope: { template: trace(document.value), given, tell, exported, once: createOnce(tell) },
	};
}

/** Names that cannot be worked out are nobody's concern unless somebody imports them. */
function exportsOf(scope: Scope): (readonly [string, () => Traced | undefined])[] {
	const tell = () => undefined;
	const silent: Scope = { ...scope, tell, once: createOnce(tell) };
	return [...fieldsOf(partOf(scope.template, 'Outputs')).values()].flatMap((output) => {
		const [name, value] = [partOf(partOf(output, 'Export'), 'Name'), partOf(output, 'Value')];
		const text = name === undefined ? undefined : evaluate(name, silent);
		if (text?.kind !== 'scalar' || value === undefined) return [];
		return [[String(text.value), () => evaluate(value, scope)] as const];
	});
}

function readTemplate({ document, scope, errors }: Template): Imported {
	const found = [...fieldsOf(partOf(scope.template, 'Resources'))].map(([id, resource]) => {
		const kind = kindOfType(textAt(resource, 'Type') ?? '');
		const condition = partOf(resource, 'Condition');
		if (kind === undefined) return nothingImported;
		if (condition !== undefined && !holds(nameIn(condition), condition.at, scope)) return nothingImported;
		return readResource(id, kind, resource, { document, scope, errors });
	});
	return together(found);
}

const irregular: ReadonlyMap<string, string> = new Map([
	...['acm', 'dns', 'grpc', 'http', 'http2', 'sds', 'tcp', 'tls'].map((key) => [key, key.toUpperCase()] as const),
	['awsCloudMap', 'AWSCloudMap'],
]);

/** CloudFormation takes `"80"` for a number, `"true"` for a boolean and a number for a text. */
const notation: Notation = {
	fieldName: (key) => irregular.get(key) ?? upperFirst(key),
	unwrap: (shape, value) => (value.kind === 'scalar' ? scalar(convertScalar(shape, value.value), value.at) : value),
};

const anyText: Shape = { kind: 'string' };

/** The properties of a kind, by the names that requests of the CLI have. */
function shapeOf(kind: Kind): Shape {
	const outer = parentOf[kind];
	const names = ['meshName', nameKey(kind), ...(outer === undefined ? [] : [nameKey(outer)])];
	const texts = Object.fromEntries([...names, 'meshOwner'].map((name) => [name, anyText]));
	return objectShape(
		{},
		{ ...texts, spec: kinds[kind], tags: { kind: 'list', of: objectShape({}, { key: anyText, value: anyText }) } },
	);
}

function readResource(id: string, kind: Kind, resource: Traced, { document, scope, errors }: Template): Imported {
	const before = errors.length;
	const given = partOf(resource, 'Properties') ?? object([], resource.at);
	const properties = evaluate(given, scope);
	const translated = translate(shapeOf(kind), properties ?? given, notation, scope.tell);
	if (errors.length > before) return nothingImported;
	const outer = parentOf[kind];
	const nameOf = (key: string): string | undefined => textAt(translated, key);
	const name = nameOf(nameKey(kind));
	const named = {
		kind,
		mesh: nameOf('meshName'),
		name: name ?? id,
		parent: outer === undefined ? '' : (nameOf(nameKey(outer)) ?? ''),
	};
	const found = imported(
		fromParts(document, kind === 'mesh' ? { ...named, mesh: named.name } : named, [...fieldsOf(translated)], given.at),
	);
	if (name !== undefined) return found;
	const why = `without ${nameProperty(kind)} CloudFormation makes a name up; here it is called ${id}`;
	return { ...found, warnings: [{ ...placeIn(document, resource.at), why, hint: `write ${nameProperty(kind)}` }] };
}
