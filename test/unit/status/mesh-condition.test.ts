import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unservedFact } from '../../../src/status/mesh-condition.ts';

test('status says why definitions are there and Envoy knows nothing of them', () => {
	const reason = (bootstrap: string) => {
		const fact = unservedFact(bootstrap);
		return fact.ok ? '' : `${fact.why}. ${fact.remedy}`;
	};
	assert.match(reason('/etc/envoy.json'), /^Envoy has your own bootstrap "\/etc\/envoy\.json".*Unset envoy\.config/);
	assert.match(reason(''), /^the definitions have come after the start.*Restart turnout$/);
});
