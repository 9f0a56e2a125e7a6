import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuleChangeReader, type Touched, type Writer } from '../../../src/host/monitor/rule-changes.ts';
import { messagesOf, type NetlinkNotice } from '../../../src/host/netlink/messages.ts';
import { nftables } from './recorded-netlink.ts';

type Command = keyof typeof nftables;

const notices = (command: Command): NetlinkNotice[] => messagesOf(Buffer.from(nftables[command], 'base64'));
const commands = Object.keys(nftables) as Command[];

/** Of nat these chains are ours and those that lead to them; of mangle there are none. */
function createReader() {
	const reader = createRuleChangeReader(
		{ nat: { own: ['OURS'], parents: ['OUTPUT'] }, mangle: { own: [], parents: [] } },
		'inet ours',
	);
	return (messages: readonly NetlinkNotice[]) => {
		const seen: { readonly of: Touched; readonly writer: Writer }[] = [];
		reader.take(
			messages,
			(of, writer) => seen.push({ of, writer }),
			() => undefined,
		);
		return seen;
	};
}

const expected: Readonly<Record<Command, readonly Touched[]>> = {
	'iptables-nft -t nat -N OURS': ['ipv4'],
	'iptables-nft -t nat -A OURS -p tcp -j REDIRECT --to-ports 15001': ['ipv4'],
	'iptables-nft -t nat -A OUTPUT -j OURS': ['ipv4'],
	// iptables-nft sends no NLM_F_CREATE for a chain: it may be one of ours by another name.
	'iptables-nft -t nat -N THEIRS': ['ipv4'],
	'iptables-nft -t nat -A THEIRS -j RETURN': [],
	'iptables-nft -t filter -A OUTPUT -j ACCEPT': ['order'],
	'ip6tables-nft -t nat -N OURS': ['ipv6'],
	'nft add table ip other': [],
	'nft add chain ip other out "{ type nat hook output priority -100; }"': ['order'],
	'nft add chain ip other forwarded "{ type filter hook forward priority 0; }"': [],
	'nft rename chain ip nat OURS MINE': ['ipv4'],
	'nft delete table ip nat': ['ipv4'],
};

test('a change is reported for our chains, our tables and other chains on our hooks, and for nothing else', () => {
	const take = createReader();
	for (const command of commands)
		assert.deepEqual(
			take(notices(command)).map(({ of }) => of),
			expected[command],
			command,
		);
});

test('the program that made a change is named with its pid', () => {
	const take = createReader();
	const [change] = take(notices('iptables-nft -t nat -N OURS'));
	assert.equal(change?.writer.name, 'iptables-nft');
	assert.ok((change?.writer.pid ?? 0) > 1);
});

test('a gap in the count of transactions is reported as a change of everything', () => {
	const take = createReader();
	take(notices('iptables-nft -t nat -N OURS'));
	// Everything between these two is missed; the second by itself is of no interest.
	assert.deepEqual(
		take(notices('nft add table ip other')).map(({ of }) => of),
		['ipv4', 'ipv6', 'order'],
	);
	assert.deepEqual(
		take(notices('nft add chain ip other out "{ type nat hook output priority -100; }"')).map(({ of }) => of),
		['order'],
	);
});

test('a change is reported at the end of its transaction, once, however its messages are cut', () => {
	const take = createReader();
	const messages = notices('iptables-nft -t nat -A OUTPUT -j OURS');
	const [last, ...others] = messages.toReversed();
	for (const message of others.toReversed()) assert.deepEqual(take([message]), []);
	assert.ok(last !== undefined);
	assert.deepEqual(
		take([last]).map(({ of }) => of),
		['ipv4'],
	);
	assert.deepEqual(take(notices('iptables-nft -t nat -A THEIRS -j RETURN')).length, 3, 'of another count');
});

test('several transactions in one message are reported one by one', () => {
	const take = createReader();
	const both = [...notices('iptables-nft -t nat -N OURS'), ...notices(commands[1] ?? 'nft add table ip other')];
	assert.deepEqual(
		take(both).map(({ of }) => of),
		['ipv4', 'ipv4'],
	);
});

test('messages of other subsystems of netfilter are ignored', () => {
	const take = createReader();
	const conntrack = notices('iptables-nft -t nat -N OURS').map((message) => ({
		...message,
		type: (message.type & 0xff) | (1 << 8),
	}));
	assert.deepEqual(take(conntrack), []);
});

test('a table of ours that is made or deleted by itself is reported', () => {
	const take = createReader();
	const [table, , end] = notices('iptables-nft -t nat -N OURS');
	assert.ok(table !== undefined && end !== undefined);
	assert.deepEqual(
		take([table, end]).map(({ of }) => of),
		['ipv4'],
	);
});

test("the end of somebody else's chain on our hooks changes no order", () => {
	const take = createReader();
	const DELETE_CHAIN = 5;
	const [chain, end] = notices('nft add chain ip other out "{ type nat hook output priority -100; }"');
	assert.ok(chain !== undefined && end !== undefined);
	assert.deepEqual(take([{ ...chain, type: (chain.type & 0xff00) | DELETE_CHAIN }, end]), []);
});

test('what is cut off in the middle is left out', () => {
	const whole = Buffer.from(nftables['iptables-nft -t nat -N OURS'], 'base64');
	assert.equal(messagesOf(whole).length, 3);
	assert.deepEqual(messagesOf(whole.subarray(0, 10)), []);
	assert.deepEqual(messagesOf(Buffer.alloc(64)), []);
});
