import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActiveCapture, createBypassCounter, cutBypassing } from '../../../src/connections/bypass-counter.ts';
import type { Connections, OpenConnection } from '../../../src/connections/connections.ts';
import { createSparing } from '../../../src/daemon/spare-sessions.ts';
import { captureOf } from '../../support/capture.ts';

const capturing: ActiveCapture = {
	rules: {},
	capture: captureOf({ appPorts: '8080' }),
	families: ['ipv4'],
	ports: new Set([15_000, 15_001]),
};

const outbound = (cookie: string, part: Partial<OpenConnection> = {}): OpenConnection => ({
	family: 'ipv4',
	local: { address: '10.77.0.2', port: 40_000 },
	remote: { address: '203.0.113.10', port: 443 },
	isAccepted: false,
	isHostLocal: false,
	isTransparent: false,
	uid: 1000,
	inode: '1',
	cgroup: 7,
	cookie,
	handle: new Uint8Array(),
	...part,
});

interface Table {
	readonly open: Map<string, OpenConnection>;
	/** Port of Envoy that a connection is redirected to, by cookie. */
	readonly translations: Map<string, number>;
	/** Connections that the kernel does not end. */
	readonly lasting: Set<string>;
	questions: number;
}

const tableOf = (...all: OpenConnection[]): Table => ({
	open: new Map(all.map((connection) => [connection.cookie, connection])),
	translations: new Map(),
	lasting: new Set(),
	questions: 0,
});

const connectionsOf = (table: Table): Connections => ({
	open: async () => [...table.open.values()],
	filterOpen: async (cookies) => new Set([...cookies].filter((cookie) => table.open.has(cookie))),
	async findRedirected(of, ports) {
		table.questions += of.length;
		return new Set(of.filter(({ cookie }) => ports.has(table.translations.get(cookie) ?? 0)));
	},
	track: async () => undefined,
	details: async (_, { cgroups }) => ({
		groupOf: () => undefined,
		cgroupsOf: ({ cgroup }) =>
			cgroup === undefined ? undefined : cgroups.flatMap(({ id }) => (id === cgroup ? [id] : [])),
		interfaceOf: () => undefined,
	}),
	async end(all) {
		const ended = all.filter(({ cookie }) => !table.lasting.has(cookie) && table.open.delete(cookie));
		return ended.length;
	},
});

const sshd = createSparing({});

const unexpected = (error: unknown): void => {
	throw error;
};

test('without conntrack information nothing is ended, and the rest of the status is reported', async () => {
	const table = tableOf(outbound('a'));
	const told: unknown[] = [];
	const connections = {
		...connectionsOf(table),
		findRedirected: async () => Promise.reject(new Error('it does not say')),
	};
	await assert.rejects(cutBypassing(connections, capturing, [], sshd), /it does not say/);
	assert.equal(table.open.size, 1);
	const existing = createBypassCounter(connections, (error) => told.push(error));
	assert.deepEqual([await existing.count(capturing), await existing.count(capturing), told.length], [0, 0, 1]);
});

test('connections that the kernel did not end are reported', async () => {
	const table = tableOf(outbound('a'), outbound('b'), outbound('c'));
	table.lasting.add('b');
	assert.deepEqual(await cutBypassing(connectionsOf(table), capturing, [], sshd), { ended: 2, left: 1, unheard: 0 });
});

test("the caller's SSH login is spared even if port 22 is captured", async () => {
	const inbound = {
		isAccepted: true,
		local: { address: '10.77.0.2', port: 22 },
		remote: { address: '10.77.0.1', port: 40_000 },
	};
	const capture = captureOf({ appPorts: '*', ingressIgnoredPorts: '9000' });
	const table = tableOf(outbound('a'), outbound('ssh', inbound));
	assert.deepEqual(await cutBypassing(connectionsOf(table), { ...capturing, capture }, [], sshd), {
		ended: 1,
		left: 1,
		unheard: 0,
	});
	assert.deepEqual([...table.open.keys()], ['ssh']);
});

test("captured connections and those redirected by other programs' rules do not count as bypassing", async () => {
	const table = tableOf(outbound('captured'), outbound('to a service'), outbound('direct'));
	table.translations.set('captured', 15_001).set('to a service', 6443);
	assert.equal(await createBypassCounter(connectionsOf(table), unexpected).count(capturing), 2);
});

test('the bypassing connections are found once, and again after the rules changed', async () => {
	const table = tableOf(outbound('a'), outbound('b'));
	const existing = createBypassCounter(connectionsOf(table), unexpected);
	assert.equal(await existing.count(capturing), 2);
	table.open.delete('a');
	table.open.set('c', outbound('c'));
	assert.equal(await existing.count(capturing), 1);
	assert.equal(table.questions, 2);
	assert.equal(await existing.count({ ...capturing, rules: {} }), 2);
	assert.equal(await existing.count(undefined), 0);
});

test('a connection whose group or interface is unknown but needed is not counted', async () => {
	const count = (capture: ActiveCapture['capture']) =>
		createBypassCounter(connectionsOf(tableOf(outbound('a'))), unexpected).count({ ...capturing, capture });
	assert.equal(await count(captureOf({ ignoreGids: '1337' })), 0);
	assert.equal(await count(captureOf({ interfacesIgnored: 'wg0' })), 0);
	assert.equal(await count(captureOf({})), 1);
});

test('with units in the settings, the cgroup that a connection was made in decides; one that is not told is not counted', async () => {
	const capture = captureOf({ onlyUnits: 'shop.service' });
	const [{ id } = assert.fail('it is there')] = capture.cgroups ?? [];
	const all = [outbound('a', { cgroup: id }), outbound('b', { cgroup: 1 }), outbound('c', { cgroup: undefined })];
	const count = (of: ActiveCapture['capture']) =>
		createBypassCounter(connectionsOf(tableOf(...all)), unexpected).count({ ...capturing, capture: of });
	assert.equal(await count(capture), 1);
	assert.equal(await count(captureOf({ ignoreUnits: 'shop.service' })), 1);
	assert.equal(await count(captureOf({ onlyUnits: 'gone.service' })), 0);
	assert.equal(await count(captureOf({})), 3);
});
