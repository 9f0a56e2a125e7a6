import { isRecord } from '../check-shape.ts';
import type { ParsedDocument } from '../document.ts';
import type { Imported, Mistake } from '../resource.ts';
import { type Kind, kinds, nameKey, parentOf } from '../schema/kinds.ts';
import { object, partOf, scalar, type Traced, textAt, trace } from '../traced.ts';
import { failed, fromParts, type Importer, imported, nothingImported, placeIn, together } from './importer.ts';
import { blocks, snakeCase } from './terraform-blocks.ts';
import { terraformResources } from './terraform-resources.ts';
import { translate } from './translate.ts';

/** Terraform's state file, and what `terraform show -json` prints of a state or a plan. Other resources are passed over. */
export const terraform: Importer = {
	format: 'Terraform (state file, terraform show -json)',
	recognises: (value) =>
		isRecord(value) && (typeof value['terraform_version'] === 'string' || typeof value['format_version'] === 'string'),
	read: (documents) => together(documents.map(readDocument)),
	hasTemplates: false,
};

const PREFIX = 'aws_appmesh_';

function readDocument(document: ParsedDocument): Imported {
	const whole = trace(document.value);
	if (partOf(whole, 'modules') !== undefined)
		return failed(
			placeIn(document, ['modules']),
			'this state was written by Terraform before 0.12',
			'take what terraform show -json of a later version prints',
		);
	return together(terraformResources(whole).map(({ type, values }) => readResource(document, type, values)));
}

const kindsByType: ReadonlyMap<string, Kind> = new Map(
	(Object.keys(kinds) as Kind[]).map((kind) => [PREFIX + snakeCase(kind), kind]),
);

function readResource(document: ParsedDocument, type: string, values: Traced): Imported {
	const kind = kindsByType.get(type);
	if (kind === undefined) return nothingImported;
	const errors: Mistake[] = [];
	const wanted = ['name', ...(parentOf[kind] === undefined ? [] : [snakeCase(nameKey(parentOf[kind]))])];
	for (const name of wanted)
		if (textAt(values, name) === undefined)
			errors.push({
				...placeIn(document, values.at),
				why: `${name} is missing: a plan does not know what only apply finds out`,
				hint: 'take the state instead, after terraform apply',
			});
	const given = blocks.unwrap(kinds[kind], partOf(values, 'spec') ?? scalar(null, values.at), true, 'spec');
	const spec = translate(kinds[kind], given ?? object([], values.at), blocks, (at, why, hint) => {
		errors.push({ ...placeIn(document, at), why, hint });
	});
	if (errors.length > 0) return { ...nothingImported, errors };
	const [name = '', parent = ''] = wanted.map((key) => textAt(values, key));
	const mesh = kind === 'mesh' ? name : textAt(values, 'mesh_name');
	const parts = [
		['spec', spec],
		[nameKey(kind), partOf(values, 'name')],
		['meshName', partOf(values, 'mesh_name')],
	] as const;
	return imported(fromParts(document, { kind, mesh, name, parent }, parts, values.at));
}
