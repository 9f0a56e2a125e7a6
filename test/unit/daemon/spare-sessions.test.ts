import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenConnection } from '../../../src/connections/connections.ts';
import { createSparing } from '../../../src/daemon/spare-sessions.ts';

const connection = (part: Partial<OpenConnection>): OpenConnection => ({
	family: 'ipv4',
	local: { address: '10.77.0.2', port: 22 },
	remote: { address: '198.51.100.1', port: 50_000 },
	isAccepted: true,
	isHostLocal: false,
	uid: 0,
	inode: '1',
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
