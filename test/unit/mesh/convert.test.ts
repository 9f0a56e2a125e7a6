import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, canonicalResources, canonicalYaml } from '../../../src/mesh/canonical.ts';
import { importFiles } from '../../../src/mesh/import-files.ts';
import { validate } from '../../../src/mesh/validate-resources.ts';
import { anyResources } from '../../support/mesh-generator.ts';

const imported = (text: string) => importFiles([{ path: 'mesh.yaml', text }], new Map());

describe('any valid mesh survives being written and read', () => {
	test('the generator makes valid ones', () => {
		fc.assert(
			fc.property(anyResources, (resources) => assert.deepEqual(validate(resources).faults, [])),
			{ numRuns: 100 },
		);
	});

	for (const [format, write] of [
		['YAML', canonicalYaml],
		['JSON', canonicalJson],
	] as const)
		test(`as ${format}: the same resources, and written again the same bytes`, () => {
			fc.assert(
				fc.property(anyResources, (resources) => {
					fc.pre(resources.length > 0);
					const text = write(resources);
					const again = imported(text);
					assert.deepEqual(again.errors, []);
					assert.deepEqual(
						JSON.parse(JSON.stringify(canonicalResources(again.resources))),
						JSON.parse(JSON.stringify(canonicalResources(resources))),
					);
					assert.equal(write(again.resources), text);
				}),
				{ numRuns: 100 },
			);
		});

	test('in whatever order their keys are', () => {
		const reversed = (value: unknown): unknown => {
			if (Array.isArray(value)) return value.map(reversed);
			if (typeof value !== 'object' || value === null) return value;
			return Object.fromEntries(
				Object.entries(value)
					.reverse()
					.map(([key, field]) => [key, reversed(field)]),
			);
		};
		fc.assert(
			fc.property(anyResources, (resources) => {
				fc.pre(resources.length > 0);
				const again = imported(JSON.stringify(reversed(canonicalResources(resources))));
				assert.equal(canonicalYaml(again.resources), canonicalYaml(resources));
			}),
			{ numRuns: 100 },
		);
	});

	test('in whatever order they are', () => {
		fc.assert(
			fc.property(anyResources, (resources) =>
				assert.equal(canonicalYaml([...resources].reverse()), canonicalYaml(resources)),
			),
			{ numRuns: 100 },
		);
	});
});
