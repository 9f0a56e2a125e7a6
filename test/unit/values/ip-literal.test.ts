import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIpLiteral } from '../../../src/values/ip-literal.ts';

test('what is an address is one in a browser as it is on a host', () => {
	const part = fc.oneof(
		fc.constantFrom('', '0', '00', '1', '255', '256', '01', 'ffff', 'fffff', '::', ':', '.', '%', 'g', '[', ']', '/'),
		fc.nat(300).map(String),
	);
	const pieces = fc
		.array(part, { maxLength: 12 })
		.chain((parts) => fc.constantFrom(':', '.', '').map((by) => parts.join(by)));
	const any = fc.oneof(
		fc.ipV4(),
		fc.ipV4Extended(),
		fc.ipV6(),
		pieces,
		fc.string(),
		fc.ipV6().map((text) => `${text}%eth0`),
	);
	fc.assert(
		fc.property(any, (text) => {
			assert.equal(isIpLiteral(text), isIP(text) > 0, JSON.stringify(text));
		}),
		{ numRuns: 5_000 },
	);
});
