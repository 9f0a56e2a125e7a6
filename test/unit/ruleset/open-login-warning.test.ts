import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionEvaluator, sessionWarning } from '../../../src/ruleset/open-login-warning.ts';
import { parseSession, type Session } from '../../../src/values/ssh-session.ts';
import { captureOf } from '../../support/capture.ts';

const of = (text: string): Session => parseSession(text) ?? assert.fail(text);

test('parses SSH_CONNECTION with zones, and rejects anything else', () => {
	assert.deepEqual(parseSession('fe80::1%eth0 50000 fe80::2%eth0 2222'), {
		...{ family: 'ipv6', from: 'fe80::1', fromPort: 50_000, to: 'fe80::2', port: 2222, zone: 'eth0' },
	});
	assert.equal(parseSession('203.0.113.10 50000 10.77.0.2 22')?.zone, '');
	for (const text of [
		...['', 'UNKNOWN 65535 UNKNOWN 65535', '203.0.113.10 50000 10.77.0.2', '203.0.113.10/8 1 10.77.0.2 22'],
		...['203.0.113.10 1 fd77::2 22', 'fe80::1%$(id) 1 fe80::2 22', '999.0.0.1 1 10.77.0.2 22', '::1 1 ::1 22 '],
	])
		assert.equal(parseSession(text), undefined, text);
});

test('whether a login is captured depends on its addresses, port and incoming interface', () => {
	const isCaptured = createSessionEvaluator(
		captureOf({ appPorts: '*', ingressIgnoredIps: '203.0.113.0/24', interfacesIgnored: 'wg0' }),
		['ipv4'],
	);
	assert.equal(isCaptured(of('198.51.100.1 1 10.77.0.2 2222'), 'eth0'), true);
	assert.equal(isCaptured(of('198.51.100.1 1 10.77.0.2 2222'), 'wg0'), false);
	assert.equal(isCaptured(of('203.0.113.10 1 10.77.0.2 2222'), 'eth0'), false);
	assert.equal(isCaptured(of('198.51.100.1 1 10.77.0.2 22'), 'eth0'), false);
	assert.equal(isCaptured(of('2001:db8::1 1 fd77::2 2222'), 'eth0'), false, 'a family that is not captured');
});

test("each port is warned about once, the caller's logins first", () => {
	const from = (host: number, port: number) => of(`198.51.100.${host} 1 10.77.0.2 ${port}`);
	assert.equal(sessionWarning([], []), '');
	const [first = '', second = '', ...more] = sessionWarning(
		[from(1, 2222)],
		[from(1, 2222), from(2, 2222), from(3, 2222), from(4, 2222), from(5, 2200)],
	).split('\n');
	assert.deepEqual(more, []);
	assert.match(
		first,
		/^New connections from 198\.51\.100\.1, 198\.51\.100\.2, 198\.51\.100\.3 and 1 more to port 2222, like your SSH login, /,
	);
	assert.match(second, /^New connections from 198\.51\.100\.5 to port 2200, like an open SSH login, /);
});
