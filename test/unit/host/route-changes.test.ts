import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeSubject } from '../../../src/host/monitor/route-changes.ts';
import { messagesOf } from '../../../src/host/netlink/messages.ts';
import { routes } from './recorded-netlink.ts';

type Command = keyof typeof routes;

const subjects = (command: Command, table: number): string[] => [
	...new Set(messagesOf(Buffer.from(routes[command], 'base64')).flatMap((notice) => routeSubject(notice, table) ?? [])),
];

const expected: Readonly<Record<Command, readonly string[]>> = {
	'ip link set lo up': ['addresses'],
	'ip rule add fwmark 0x1e7700ce lookup 100 priority 7': ['routes'],
	'ip route add local default dev lo table 100': ['routes'],
	'ip route add local default dev lo table 100000': [],
	'ip -6 route add local default dev lo table 100': ['routes'],
	'ip rule add from 192.0.2.0/24 lookup 300': [],
	'ip rule add from 192.0.2.0/24 lookup 100': ['routes'],
	'ip route add 192.0.2.0/24 dev lo table 300': [],
	'ip addr add 198.51.100.1/32 dev lo': ['addresses'],
	'ip route del local default dev lo table 100': ['routes'],
};

for (const [command, wanted] of Object.entries(expected))
	test(`with table 100, ${command} concerns ${wanted.join() || 'nothing of ours'}`, () => {
		assert.deepEqual(subjects(command as Command, 100), wanted);
	});

test('a table above 255 is recognised by its whole number', () => {
	assert.deepEqual(subjects('ip route add local default dev lo table 100000', 100_000), ['routes']);
	assert.deepEqual(subjects('ip route add 192.0.2.0/24 dev lo table 300', 300), ['routes']);
	assert.deepEqual(subjects('ip route add local default dev lo table 100', 100_000), []);
});

test('a rule with a mark concerns us whatever its table, as it may take our packets', () => {
	assert.deepEqual(subjects('ip rule add fwmark 0x1e7700ce lookup 100 priority 7', 7), ['routes']);
});

test('only of a rule does that attribute mean a mark', () => {
	const [rule] = messagesOf(Buffer.from(routes['ip rule add fwmark 0x1e7700ce lookup 100 priority 7'], 'base64'));
	assert.ok(rule !== undefined);
	assert.equal(routeSubject({ ...rule, type: 24 }, 7), undefined);
});

test('without an attribute for it the table is that of the header', () => {
	const body = Buffer.alloc(12);
	body[4] = 100;
	assert.equal(routeSubject({ type: 24, flags: 0, body }, 100), 'routes');
	assert.equal(routeSubject({ type: 24, flags: 0, body }, 101), undefined);
});

test('other messages of rtnetlink concern nothing of ours', () => {
	for (const type of [0, 3, 28, 36])
		assert.equal(routeSubject({ type, flags: 0, body: Buffer.alloc(64, 100) }, 100), undefined);
});
