import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import type { ConnectionAttempt } from '../../../src/ruleset/match-attempt.ts';
import { createTracer } from '../../../src/ruleset/trace.ts';
import type { Texts } from '../../property/generators.ts';
import { captureOf } from '../../support/capture.ts';

const out = { from: '10.0.0.2', to: '203.0.113.10', port: 443, interface: 'eth0', isFromHere: true, isToHere: false };
const arriving = { ...out, from: '10.0.0.7', to: '10.0.0.2', port: 8080, isFromHere: false, isToHere: true };

function traced(texts: Texts, attempt: ConnectionAttempt) {
	const at = attempt.isFromHere ? 'OUTPUT' : 'PREROUTING';
	const { outcome, chains, rule, otherwise } = createTracer(buildRuleset(captureOf(texts), 'ipv4'), 'ipv4')(
		at,
		attempt,
	);
	return { outcome, chains, setting: rule?.setting ?? otherwise?.setting };
}

test('the rule that decides tells its setting, and the chains on the way are told', () => {
	const chains = ['nat APPMESH_EGRESS'];
	assert.deepEqual(traced({}, { ...out, uid: 1000 }), { outcome: 15001, chains, setting: 'egressPort' });
	assert.deepEqual(traced({}, { ...out, uid: 1337 }), { outcome: 'direct', chains, setting: 'ignoreUids' });
	assert.deepEqual(traced({}, { ...out, port: 22 }), { outcome: 'direct', chains, setting: 'egressIgnoredPorts' });
	const both = ['mangle APPMESH_INGRESS', 'nat APPMESH_INGRESS'];
	assert.deepEqual(traced({ appPorts: '8080' }, arriving), { outcome: 15000, chains: both, setting: 'appPorts' });
	const dialled = { ...arriving, port: 15001 };
	assert.deepEqual(traced({}, dialled), { outcome: 'dropped', chains: ['mangle APPMESH_INGRESS'], setting: 'guard' });
});

test('of several lists, the first that the connection is not on decides', () => {
	const lists = { onlyUids: '1000', egressOnlyIps: '203.0.113.10', egressOnlyPorts: '443' };
	const settings = (attempt: Partial<ConnectionAttempt>) => traced(lists, { ...out, uid: 1000, gid: 5, ...attempt });
	assert.equal(settings({}).outcome, 15001);
	assert.deepEqual(settings({ uid: 5 }).setting, 'onlyUids');
	assert.deepEqual(settings({ to: '203.0.113.11' }).setting, 'egressOnlyIps');
	assert.deepEqual(settings({ port: 80 }).setting, 'egressOnlyPorts');
	assert.deepEqual(settings({ port: 80 }).chains, [
		'nat APPMESH_EGRESS',
		'nat APPMESH_ONLY_IP',
		'nat APPMESH_ONLY_PORT',
	]);
	const others = { egressOnlyIps: 'fd00::/8' };
	assert.deepEqual(traced(others, out), {
		outcome: 'direct',
		chains: ['nat APPMESH_EGRESS'],
		setting: 'egressOnlyIps',
	});
});

test('a port that is none of the application is left alone because of appPorts', () => {
	assert.equal(traced({ appPorts: '8080' }, { ...arriving, port: 9090 }).setting, 'appPorts');
	assert.deepEqual(traced({ appPorts: '*' }, { ...arriving, port: 22 }).setting, 'ingressIgnoredPorts');
});
