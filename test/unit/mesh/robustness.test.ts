// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importFiles } from '../../../src/mesh/import-files.ts';
import { guideFormats } from '../../support/guide-formats.ts';

const texts = guideFormats.flatMap(({ files }) => files.slice(0, 3).map(({ text }) => text));

/** Never throws, and says where. */
function assertRead(text: string): void {
	const { errors, warnings } = importFiles([{ path: 'mesh', text }], new Map([['Domain', 'x']]));
	for (const { file, line, why } of [...errors, ...warnings]) {
		assert.equal(file, 'mesh');
		assert.ok(line >= 1 && line <= text.split('\n').length, `${line}: ${why}`);
		assert.ok(why !== '' && why.length < 2_000, why);
	}
}

const damage = fc.record({
	text: fc.constantFrom(...texts),
	at: fc.double({ min: 0, max: 1, noNaN: true }),
	length: fc.nat({ max: 40 }),
	by: fc.oneof(
		fc.string({ unit: 'grapheme-ascii', maxLength: 4, size: 'max' }),
		fc.constantFrom(
			'{',
			'}',
			'[',
			']',
			'"',
			':',
			': ',
			'\n',
			'- ',
			'&x ',
			'*x',
			'!Ref ',
			'!If [',
			'<<: *x',
			'null',
			'1',
			'\t',
			'\u0000',
		),
	),
});

test('a half-written or damaged file is told, whatever the format', () => {
	fc.assert(
		fc.property(damage, ({ text, at, length, by }) => {
			const start = Math.floor(at * text.length);
			assertRead(text.slice(0, start) + by + text.slice(start + length));
			assertRead(text.slice(0, start));
		}),
		{ numRuns: 200 },
	);
});

const key = fc.constantFrom(
	...['Resources', 'Type', 'Properties', 'Spec', 'Ref', 'Fn::If', 'Fn::Sub', 'Fn::Join', 'Fn::GetAtt', 'Fn::Select'],
	...['Fn::FindInMap', 'Fn::ImportValue', 'Fn::Equals', 'Fn::Not', 'Condition', 'Conditions', 'Parameters', 'Mappings'],
	...[
		'Default',
		'Outputs',
		'Export',
		'Name',
		'Value',
		'MeshName',
		'VirtualNodeName',
		'X',
		'Y',
		'__proto__',
		'constructor',
	],
	...['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'spec', 'items', 'routes', 'virtualNodeRef', 'awsName'],
	...['backendGroups', 'meshRef', 'gatewayRouteSelector', 'matchLabels', 'labels', 'listeners', 'portMapping'],
	...[
		'terraform_version',
		'values',
		'root_module',
		'child_modules',
		'resources',
		'instances',
		'attributes',
		'mode',
		'type',
	],
	...[
		'meshName',
		'virtualNodeName',
		'virtualNode',
		'virtualNodes',
		'routeName',
		'serviceDiscovery',
		'backends',
		'toString',
	],
);
const word = fc.constantFrom(
	...['X', 'Y', 'X.Arn', '${X}', '${Y.Arn}', '$X', 'AWS::AppMesh::VirtualNode', 'AWS::AppMesh::Mesh', 'AWS::NoValue'],
	...['appmesh.k8s.aws/v1beta2', 'v1', 'List', 'VirtualNode', 'VirtualRouter', 'GatewayRoute', 'BackendGroup', 'Mesh'],
	...['aws_appmesh_virtual_node', 'aws_appmesh_route', 'managed', '', '*'],
);
const { value } = fc.letrec((tie) => ({
	value: fc.oneof(
		{ maxDepth: 5, depthSize: 'max' },
		word,
		tie('leaf'),
		tie('list'),
		tie('object'),
		tie('object'),
		tie('object'),
	),
	leaf: fc.constantFrom(null, true, 0, 80, 1e300),
	list: fc.array(tie('value'), { maxLength: 4, size: 'max' }),
	object: fc.dictionary(key, tie('value'), { maxKeys: 5, size: 'max' }),
}));

const roots = [
	(inner: unknown) => ({
		Resources: { X: { Type: 'AWS::AppMesh::VirtualNode', Properties: inner }, Y: inner },
		Conditions: inner,
	}),
	(inner: unknown) => ({
		Resources: { X: { Type: 'AWS::AppMesh::Route', Condition: inner } },
		Parameters: inner,
		Outputs: inner,
	}),
	(inner: unknown) => ({
		apiVersion: 'appmesh.k8s.aws/v1beta2',
		kind: 'VirtualRouter',
		metadata: { name: 'x' },
		spec: inner,
	}),
	(inner: unknown) => ({ apiVersion: 'v1', kind: 'List', items: inner }),
	(inner: unknown) => ({ terraform_version: '1', resources: inner, values: inner }),
	(inner: unknown) => ({
		format_version: '1',
		values: { root_module: { resources: [{ type: 'aws_appmesh_route', values: inner }] } },
	}),
	(inner: unknown) => ({ meshName: 'm', virtualNodeName: 'n', spec: inner }),
	(inner: unknown) => inner,
];

test('values of any shape under the names of every format', () => {
	fc.assert(
		fc.property(value, fc.constantFrom(...roots), (inner, root) => assertRead(JSON.stringify(root(inner), null, 1))),
		{ numRuns: 400 },
	);
});
