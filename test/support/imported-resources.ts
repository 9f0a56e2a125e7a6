// Definitions without mistakes as they are read.
import assert from 'node:assert/strict';
import { importFiles } from '../../src/mesh/import-files.ts';
import { inOrderOfNeed } from '../../src/mesh/order.ts';
import type { Resource } from '../../src/mesh/resource.ts';

/** In the order in which they can be made. */
export function imported(definitions: readonly object[]): Resource[] {
	const { resources, errors } = importFiles([{ path: 'mesh.json', text: JSON.stringify(definitions) }], new Map());
	assert.deepEqual(errors, []);
	return inOrderOfNeed(resources);
}
