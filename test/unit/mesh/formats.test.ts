import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalYaml } from '../../../src/mesh/canonical.ts';
import { importFiles } from '../../../src/mesh/import-files.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { resolveNode } from '../../../src/mesh/resolve-node.ts';
import { renderNode } from '../../../src/xds/render-node.ts';
import { type GuideFormat, guideFormats } from '../../support/guide-formats.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

const ports = { ingressPort: 15_000, egressPort: 15_001 };

const canonicalOf = ({ files, parameters = new Map() }: Omit<GuideFormat, 'format'>): string => {
	const { resources, errors } = importFiles(files, parameters);
	assert.deepEqual(errors, []);
	return canonicalYaml(resources);
};

const snapshotOf = ({ files, parameters }: Omit<GuideFormat, 'format'>): string => {
	const { catalogs, errors } = loadMesh(files, parameters);
	assert.deepEqual(errors, []);
	const [catalog] = catalogs;
	const view = catalog === undefined ? undefined : resolveNode(catalog, 'serviceA');
	assert.ok(view);
	return JSON.stringify(renderNode(view, ports));
};

describe("the guide's mesh in each format gives the same resources and the same snapshot", () => {
	for (const { format, ...input } of guideFormats)
		test(format, () => {
			assert.equal(canonicalOf(input), canonicalOf({ files: guideFiles() }));
			assert.equal(snapshotOf(input), snapshotOf({ files: guideFiles() }));
		});
});
