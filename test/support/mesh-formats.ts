// PURE. Any mesh as each of the formats in which App Mesh's users hold theirs, written by the API's shapes.
import { stringify } from 'yaml';
import { canonicalResources } from '../../src/mesh/canonical.ts';
import type { DefinitionFile } from '../../src/mesh/import-files.ts';
import type { Resource } from '../../src/mesh/resource.ts';
import { type Kind, kinds, nameKey, parentOf } from '../../src/mesh/schema/kinds.ts';
import type { Shape } from '../../src/mesh/schema/shape.ts';
import { kubernetesText } from './kubernetes-text.ts';

export const formats: Readonly<Record<string, (resources: readonly Resource[]) => readonly DefinitionFile[]>> = {
	'CLI JSON': (resources) => json('mesh.json', canonicalResources(resources)),
	'describe-…': describeFiles,
	CloudFormation: (resources) => json('template.json', template(resources)),
	'CloudFormation in YAML': (resources) => [{ path: 'template.yaml', text: stringify(template(resources)) }],
	Kubernetes: (resources) => [{ path: 'manifests.yaml', text: kubernetesText(resources) }],
	'Terraform, state file': (resources) => json('terraform.tfstate', terraformState(resources)),
	'terraform show -json': (resources) => json('shown.json', terraformShown(resources)),
};

const json = (path: string, value: unknown): DefinitionFile[] => [{ path, text: JSON.stringify(value) }];

function describeFiles(resources: readonly Resource[]): DefinitionFile[] {
	const metadata = { arn: 'arn:aws:appmesh:…', createdAt: 1_600_000_000.123, meshOwner: '123456789012', version: 3 };
	return resources.flatMap((resource, at) => {
		const [described] = canonicalResources([resource]);
		return json(`${at}.json`, { [resource.kind]: { metadata, status: { status: 'ACTIVE' }, ...described } });
	});
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Those that are not the API's in PascalCase. */
const cloudFormationNames: Readonly<Record<string, string>> = {
	...{ acm: 'ACM', dns: 'DNS', grpc: 'GRPC', http: 'HTTP', http2: 'HTTP2', sds: 'SDS', tcp: 'TCP', tls: 'TLS' },
	awsCloudMap: 'AWSCloudMap',
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Numbers and booleans as texts, as `!Ref` of a parameter gives them. */
function pascal(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(pascal);
	if (!isRecord(value)) return typeof value === 'string' ? value : String(value);
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => [cloudFormationNames[key] ?? upperFirst(key), pascal(inner)]),
	);
}

function template(resources: readonly Resource[]): object {
	const entries = resources.map((resource, at) => {
		const { kind, mesh, name, parent, spec } = resource;
		const outer = parentOf[kind];
		const properties = {
			MeshName: mesh,
			[upperFirst(nameKey(kind))]: name,
			...(outer === undefined ? {} : { [upperFirst(nameKey(outer))]: parent }),
			Spec: pascal(spec),
		};
		return [`R${at}`, { Type: `AWS::AppMesh::${upperFirst(kind)}`, Properties: properties }];
	});
	return { AWSTemplateFormatVersion: '2010-09-09', Resources: Object.fromEntries(entries) };
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isBlock = ({ kind }: Shape): boolean => kind === 'object' || kind === 'union';

/** Blocks are lists, and of those that may be there several times the names are singular; what is not set is there, but empty. */
function blockOf(shape: Shape, value: unknown): unknown {
	if (shape.kind === 'list') return (value as readonly unknown[]).map((item) => inList(shape.of, item));
	return isBlock(shape) ? [inList(shape, value)] : value;
}

function inList(shape: Shape, value: unknown): unknown {
	if ((shape.kind !== 'object' && shape.kind !== 'union') || !isRecord(value)) return value;
	const fields = Object.entries({ ...shape.required, ...shape.optional }).map(([key, field]) => {
		const name = snake(field.kind === 'list' && isBlock(field.of) ? key.replace(/s$/, '') : key);
		return [name, value[key] === undefined ? unset(field) : blockOf(field, value[key])];
	});
	return Object.fromEntries(fields);
}

function unset(shape: Shape): unknown {
	switch (shape.kind) {
		case 'string':
			return '';
		case 'integer':
			return 0;
		case 'boolean':
			return null;
		case 'list':
		case 'object':
		case 'union':
			return [];
	}
}

/**
 * What Terraform can say: an optional field that is 0, '' or an empty list is one that is not set, and `invert` that is false.
 */
export const sayable = (resources: readonly Resource[]): readonly Resource[] =>
	resources.map((resource) => ({
		...resource,
		spec: said(kinds[resource.kind], resource.spec),
	})) as readonly Resource[];

function said(shape: Shape, value: unknown): unknown {
	if (shape.kind === 'list') return (value as readonly unknown[]).map((item) => said(shape.of, item));
	if ((shape.kind !== 'object' && shape.kind !== 'union') || !isRecord(value)) return value;
	const fields = Object.entries(value).flatMap(([key, inner]) => {
		const field = shape.required[key] ?? shape.optional[key];
		const kept = field === undefined ? inner : said(field, inner);
		const isUnset = kept === 0 || kept === '' || (key === 'invert' && kept === false) || isEmpty(field, kept);
		return isUnset && !(key in shape.required) ? [] : [[key, kept]];
	});
	return Object.fromEntries(fields);
}

const isEmpty = (shape: Shape | undefined, value: unknown): boolean =>
	shape?.kind === 'union' ? Object.keys(value ?? {}).length === 0 : Array.isArray(value) && value.length === 0;

const terraformResources = (resources: readonly Resource[]) =>
	resources.map(({ kind, mesh, name, parent, spec }, at) => {
		const outer: Kind | undefined = parentOf[kind];
		const values = {
			...{ name, id: `${at}`, mesh_owner: '123456789012', tags: null, spec: blockOf(kinds[kind], spec) },
			...(kind === 'mesh' ? {} : { mesh_name: mesh }),
			...(outer === undefined ? {} : { [snake(nameKey(outer))]: parent }),
		};
		return { mode: 'managed', type: `aws_appmesh_${snake(kind)}`, name: `r${at}`, values };
	});

const terraformState = (resources: readonly Resource[]) => ({
	...{ version: 4, terraform_version: '1.9.0', serial: 1, lineage: 'x', outputs: {} },
	resources: terraformResources(resources).map(({ values, ...resource }) => ({
		...resource,
		instances: [{ schema_version: 0, attributes: values }],
	})),
});

function terraformShown(resources: readonly Resource[]): object {
	const all = terraformResources(resources);
	const child_modules = [{ address: 'module.m', resources: all.slice(2) }];
	return {
		...{ format_version: '1.0', terraform_version: '1.9.0' },
		values: { root_module: { resources: all.slice(0, 2), child_modules } },
	};
}
