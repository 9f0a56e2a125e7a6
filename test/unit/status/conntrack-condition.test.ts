import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conntrackFact } from '../../../src/status/conntrack-condition.ts';

test('the conntrack table is reported at 90 percent, with both figures', () => {
	assert.deepEqual(conntrackFact({ count: 899, most: 1_000 }), { subject: 'conntrack', ok: true });
	const fact = conntrackFact({ count: 900, most: 1_000 });
	assert.ok(!fact.ok && /900 of at most 1000/.test(fact.why));
});
