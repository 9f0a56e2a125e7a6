// A table or a mark that serves somebody else: it stays theirs alone, with word of the setting that moves ours.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';

interface Conflict {
	readonly title: string;
	/** What somebody else has done with `ip`. */
	readonly theirs: readonly string[];
	readonly says: RegExp;
	/** What moves ours out of their way. */
	readonly moved: readonly string[];
}

const table = (theirs: string): Pick<Conflict, 'theirs' | 'says' | 'moved'> => ({
	theirs: theirs.split(' '),
	says: /^policy rule and route: .*; route table 100: it /m,
	moved: ['--route-table', '1100'],
});
const mark = (theirs: string): Pick<Conflict, 'theirs' | 'says' | 'moved'> => ({
	theirs: theirs.split(' '),
	says: /^policy rule and route: .*; packet mark 0x1e7700ce: it /m,
	moved: ['--mark', '0x77'],
});

const conflicts: readonly Conflict[] = [
	{ title: "a route of somebody else's in our table", ...table('route add 192.0.2.0/24 dev eth0 table 100') },
	{ title: 'the same for IPv6', ...table('-6 route add 2001:db8:5::/64 dev eth0 table 100') },
	{ title: 'a default route in our table', ...table('route add default via 10.77.0.1 table 100') },
	{ title: "a rule of somebody else's to our table", ...table('rule add from 192.0.2.0/24 lookup 100') },
	{ title: 'the same for IPv6', ...table('-6 rule add from 2001:db8:5::/64 lookup 100') },
	{ title: "a rule of somebody else's with our mark", ...mark('rule add fwmark 0x1e7700ce lookup 200') },
	{ title: 'the same for IPv6', ...mark('-6 rule add fwmark 0x1e7700ce lookup 200') },
	{
		title: 'a rule before ours with a part of our mark',
		...mark('rule add fwmark 0x1e000000/0xff000000 lookup 200 priority 50'),
	},
];

describe('a table or a mark that serves somebody else', () => {
	const stack = suiteStack();
	const { host } = stack.use(createHost());

	const ownIn = (option: string) =>
		host.run('ip', [option, 'rule']) + host.tryRun('ip', [option, 'route', 'show', 'table', '100']).stdout;

	for (const { title, theirs, says, moved } of conflicts)
		test(`${title} keeps nobody from the rules: it is told, and stays as it is: ip ${theirs.join(' ')}`, () => {
			host.run('ip', theirs);
			const before = withoutEmptyTables(snapshotHost(host));
			assert.match(run(host, ['init', '--app-ports', '8080']).stdout, says);
			assert.doesNotMatch(ownIn(theirs.includes('-6') ? '-6' : '-4'), /proto 206/);
			run(host, ['clean']);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
			assert.doesNotMatch(run(host, ['init', '--app-ports', '8080', ...moved]).stdout, /policy rule/);
			run(host, ['clean']);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
			host.run(
				'ip',
				theirs.map((word) => (word === 'add' ? 'del' : word)),
			);
		});

	test('rules and routes of others that have nothing to do with ours are left alone', () => {
		for (const rule of innocent) host.run('ip', ['rule', 'add', ...rule]);
		const before = withoutEmptyTables(snapshotHost(host));
		run(host, ['init', '--app-ports', '8080']);
		run(host, ['clean', '--route-manager']);
		assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
	});
});

/** As WireGuard's, Kubernetes' and the cloud agents' are. */
const innocent = [
	'not fwmark 0xca6c lookup 51820',
	'fwmark 0x4000/0x4000 lookup 200',
	'from 10.77.0.2 lookup 10001',
].map((rule) => rule.split(' '));
