import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMeshNode, nodeId, parseMeshNode } from '../../../src/values/mesh-node.ts';

test("a node's name as each of App Mesh's variables had it", () => {
	const node = { mesh: 'm', kind: 'virtualNode', name: 'n' } as const;
	const rows = [
		['mesh/m/virtualNode/n', node],
		[' m/n ', node],
		['arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualNode/n', node],
		['arn:aws-cn:appmesh:cn-north-1:123456789012:mesh/m@210987654321/virtualNode/n', node],
		['mesh/m/virtualGateway/n', { ...node, kind: 'virtualGateway' }],
	] as const;
	for (const [text, expected] of rows) assert.deepEqual(parseMeshNode(text), expected, text);
	assert.equal(parseMeshNode(' '), undefined);
});

test('whatever the definitions may call a mesh and its node, its id means it', () => {
	for (const [mesh, name] of [
		['my.mesh', 'a node'],
		['m', 'a/b'],
		['ü', '%20'],
		['@', '{"'],
	] as const)
		for (const kind of ['virtualNode', 'virtualGateway'] as const) {
			const node = { mesh, kind, name };
			assert.deepEqual(findMeshNode(nodeId(node)), node);
		}
});

test('what is no such name is told', () => {
	for (const text of [
		'n',
		'mesh/m/virtualNod/n',
		'mesh/m/virtualNode',
		'arn:aws:s3:::mesh/m/virtualNode/n',
		'm/\u0007',
	])
		assert.throws(() => parseMeshNode(text), /is no such name/, text);
});
