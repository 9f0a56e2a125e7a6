// The 2019 script's flaws 22, 23 and 26: what it took and should not have. Each test fails when its flaw comes back.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { converse, type Variables } from '../../support/converse.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { changes } from '../../support/traces.ts';

describe("the script's flaws in what it takes", () => {
	const stack = suiteStack();
	const lab = stack.use(createHost());
	const before = snapshotHost(lab.host);
	afterEach(() => assert.deepEqual(changes(before, snapshotHost(lab.host)), []));

	/** What it says, having touched nothing. */
	const refusal = (variables: Variables): string => {
		const { code, stdout, stderr } = converse(lab.host, ['enable'], { APPMESH_START_ENABLED: '1', ...variables });
		assert.equal(code, 1);
		return stdout + stderr;
	};

	test("flaw 22: a missing or mistaken user is refused, before Envoy's traffic is sent back to Envoy", () => {
		assert.match(refusal({ APPMESH_IGNORE_UID: '' }), /APPMESH_IGNORE_UID and\/or APPMESH_IGNORE_GID must be set/);
		assert.match(refusal({ APPMESH_IGNORE_UID: 'envoyy' }), /APPMESH_IGNORE_UID.* "envoyy"/);
		assert.match(refusal({ APPMESH_IGNORE_UID: '4294967295' }), /APPMESH_IGNORE_UID.* "4294967295"/);
	});

	test('flaw 23: SSH is an app port only if it is asked for twice', () => {
		assert.match(refusal({ APPMESH_APP_PORTS: '8080,22' }), /APPMESH_APP_PORTS\).*\b22\b.*SSH/);
		assert.match(refusal({ APPMESH_APP_PORTS: '20-30' }), /APPMESH_APP_PORTS\).*\b22\b.*SSH/);
	});

	test('flaw 26: an invalid port is refused before anything is changed', () => {
		for (const port of ['70000', 'abc', '0', '80-70'])
			assert.match(refusal({ APPMESH_APP_PORTS: `8080,${port}` }), new RegExp(`APPMESH_APP_PORTS\\).*"${port}"`));
		assert.match(refusal({ APPMESH_ENVOY_INGRESS_PORT: '70000' }), /APPMESH_ENVOY_INGRESS_PORT\).*"70000"/);
	});
});
