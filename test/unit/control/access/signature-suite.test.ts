import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerifier } from '../../../../src/control/access/verify-signature.ts';
import botocore from '../../../support/botocore-requests.json' with { type: 'json' };
import suite from '../../../support/signature-v4-suite.json' with { type: 'json' };
import { keysOf, targetOf } from '../../../support/signed-call.ts';

type Vector = (typeof suite.requests)[number];

const { region, service, credentials } = suite;
const now = () => Date.parse(suite.signingDate);
const keys = () => keysOf(credentials);

/** What is signed soundly there, and not taken here. */
const stricter: Readonly<Record<string, string>> = {
	'get-utf8': 'ambiguous',
	'post-sts-header-before': 'temporary-credentials',
};

const callOf = ({ method, path, query, headers, body = '', authorization }: Vector) => ({
	...{
		method,
		target: targetOf(path, query as Readonly<Record<string, string>>),
		isRead: true,
		body: Buffer.from(body),
	},
	rawHeaders: [...Object.entries(headers), ['Authorization', authorization]].flat().map(String),
});

for (const vector of suite.requests)
	test(`AWS's test suite, ${vector.name}: ${stricter[vector.name] ?? 'its signature holds'}, and another one does not`, async () => {
		const verdict = await createVerifier({ keys, region, service, now })(callOf(vector));
		const outcome = 'key' in verdict ? verdict.key.id : verdict.refusal.reason;
		assert.equal(outcome, stricter[vector.name] ?? credentials.accessKeyId);

		const forged = vector.authorization.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
		const refused = await createVerifier({ keys, region, service, now })(callOf({ ...vector, authorization: forged }));
		assert.equal('refusal' in refused && refused.refusal.reason, stricter[vector.name] ?? 'other-signature');
	});

const vanilla = suite.requests.find(({ name }) => name === 'get-vanilla');

for (const path of ['/./', '//', '/example/..', '/example1/example2/../..', '/%2e/'])
	test(`AWS's test suite gives ${path} the signature of /; here it is refused, so that what is signed is what is routed`, async () => {
		assert.ok(vanilla !== undefined);
		const verdict = await createVerifier({ keys, region, service, now })(callOf({ ...vanilla, path }));
		assert.equal('refusal' in verdict && verdict.refusal.reason, 'ambiguous');
	});

for (const { body, ...request } of botocore.requests)
	test(`botocore's ${request.method} ${request.target} is taken, and with another secret it is not`, async () => {
		const call = { ...request, body: Buffer.from(body), isRead: false };
		const options = { region: botocore.region, now: () => Date.parse(botocore.at) };
		const verdict = await createVerifier({ keys: () => keysOf(botocore), ...options })(call);
		assert.equal('key' in verdict && verdict.key.id, botocore.accessKeyId);
		const others = keysOf({ ...botocore, secretAccessKey: 'x'.repeat(40) });
		const refused = await createVerifier({ keys: () => others, ...options })(call);
		assert.equal('refusal' in refused && refused.refusal.reason, 'other-signature');
	});
