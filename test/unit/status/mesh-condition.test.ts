import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapFacts } from '../../../src/status/mesh-condition.ts';

test('a bootstrap of the user comes before the definitions of a mesh, which status says', () => {
	const [fact] = bootstrapFacts('/etc/envoy.json', true);
	assert.match(
		fact?.ok === false ? fact.why : '',
		/^Envoy has your own bootstrap "\/etc\/envoy\.json", and nothing of/,
	);
	assert.deepEqual(bootstrapFacts('/etc/envoy.json', false), []);
	assert.deepEqual(bootstrapFacts('', true), []);
});
