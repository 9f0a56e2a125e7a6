import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenConnection } from '../../../src/connections/connections.ts';
import { createSparing } from '../../../src/daemon/spare-sessions.ts';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';

const connection = (part: Partial<OpenConnection>): OpenConnection => ({
	family: 'ipv4',
	local: { address: '10.77.0.2', port: 22 },
	remote: { address: '198.51.100.1', port: 50_000 },
	isAccepted: true,
	isHostLocal: false,
	isTransparent: false,
	uid: 0,
	inode: '1',
	cgroup: 1,
	cookie: '1',
	handle: new Uint8Array(),
	...part,
});

const agents = connection({
	local: { address: '10.77.0.2', port: 41_000 },
	remote: { address: '203.0.113.10', port: 443 },
	isAccepted: false,
});

test('what came in on port 22 is spared, and where nothing is told nothing else', () => {
	const isSpared = createSparing({});
	assert.equal(isSpared(connection({})), true);
	assert.equal(isSpared(connection({ local: { address: '10.77.0.2', port: 2222 } })), false);
	assert.equal(isSpared(agents), false);
});

test('what came in where somebody is logged in is spared, whoever they are', () => {
	const sessions = ['198.51.100.9 1 10.77.0.2 2200'];
	const isSpared = createSparing({ session: '198.51.100.8 1 10.77.0.2 2222', sessions });
	for (const port of [22, 2222, 2200])
		assert.equal(isSpared(connection({ local: { address: '10.77.0.2', port } })), true, `${port}`);
	assert.equal(isSpared(connection({ local: { address: '10.77.0.2', port: 8080 } })), false);
});

test('an agent that has called somebody, and that one is logged in by, keeps that connection, and no other to there', () => {
	const isSpared = createSparing({ sessions: ['203.0.113.10 443 10.77.0.2 41000'] });
	assert.equal(isSpared(agents), true);
	assert.equal(isSpared({ ...agents, local: { address: '10.77.0.2', port: 41_001 } }), false);
});

const mine = '203.0.113.9 50000 192.0.2.1 8080';
const theirs = '203.0.113.8 50000 192.0.2.1 8080';

test('nobody is warned of logins while the rules are off', async () => {
	await using daemon = await startDaemonOnFakes();
	assert.equal((await daemon.ask.reload({ session: mine })).warning, undefined);
});

test('a warning says whether it is about the login of the one who asks', async () => {
	await using daemon = await startDaemonOnFakes();
	assert.match((await daemon.ask.enable({ session: mine })).warning ?? '', /203\.0\.113\.9 .* like your SSH login/);
	const others = (await daemon.ask.enable({ sessions: [theirs] })).warning ?? '';
	assert.match(others, /203\.0\.113\.8 .* like an open SSH login/);
});

const login = (part: Partial<OpenConnection>): OpenConnection =>
	connection({
		...{ local: { address: '192.0.2.1', port: 8080 }, remote: { address: '203.0.113.9', port: 50_000 } },
		...part,
	});

test('a login over a connection that an agent here has opened is not warned of: nothing comes in', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	host.open = [login({ isAccepted: false })];
	assert.equal((await daemon.ask.enable({ session: mine })).warning, undefined);
	host.open = [login({ isAccepted: true })];
	assert.match((await daemon.ask.enable({ session: mine })).warning ?? '', /8080/);
});

test('a login by an interface that is not captured is not warned of', async () => {
	await using daemon = await startDaemonOnFakes({ settings: 'interfacesIgnored: wg0\n' });
	const { host } = daemon.world;
	host.open = [login({})];
	host.interfaces = { '203.0.113.9': 'eth0' };
	assert.match((await daemon.ask.enable({ session: mine })).warning ?? '', /8080/);
	host.interfaces = { '203.0.113.9': 'wg0' };
	assert.equal((await daemon.ask.enable({ session: mine })).warning, undefined);
	assert.match((await daemon.ask.enable({ session: theirs })).warning ?? '', /8080/, 'a connection that is not known');
});

test('a login from a link-local address is by the interface that it names, whatever the routes are', async () => {
	await using daemon = await startDaemonOnFakes({ settings: 'interfacesIgnored: wg0\n' });
	const { host } = daemon.world;
	Object.assign(host, { listeners: [], ipv6: { hasAddress: true, obstacle: '', hasRules: true } });
	const ends = { local: { address: 'fe80::1', port: 8080 }, remote: { address: 'fe80::9', port: 50_000 } };
	host.open = [login({ family: 'ipv6', ...ends })];
	const warningBy = async (name: string) =>
		(await daemon.ask.enable({ session: `fe80::9%${name} 50000 fe80::1%${name} 8080` })).warning;
	assert.match((await warningBy('eth0')) ?? '', /8080/);
	assert.equal(await warningBy('wg0'), undefined);
});
