// A table or a mark that serves somebody else: told before anything is touched, with the setting that moves ours.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createHost } from '../../lab/host.ts';
import { snapshotHost } from '../../lab/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { run } from '../support/run.ts';
import { changes, withoutEmptyTables } from '../support/traces.ts';

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
	says: /^turnout: Cannot use route table 100: it .*\n.*routeTable \(TURNOUT_ROUTE_TABLE\)/,
	moved: ['--route-table', '1100'],
});
const mark = (theirs: string): Pick<Conflict, 'theirs' | 'says' | 'moved'> => ({
	theirs: theirs.split(' '),
	says: /^turnout: Cannot use packet mark 0x1e7700ce: it .*\n.*mark \(TURNOUT_MARK\)/,
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
	const stack = new DisposableStack();
	after(() => stack.dispose());
	const { host } = stack.use(createHost());

	for (const { title, theirs, says, moved } of conflicts)
		test(`${title} is an error that names the setting, with nothing touched: ip ${theirs.join(' ')}`, () => {
			host.run('ip', theirs);
			const before = snapshotHost(host);
			const { code, stderr } = turnout(host, ['init', '--app-ports', '8080']);
			assert.equal(code, 1);
			assert.match(stderr, says);
			assert.deepEqual(changes(before, snapshotHost(host)), []);
			run(host, ['init', '--app-ports', '8080', ...moved]);
			run(host, ['clean']);
			assert.deepEqual(changes(withoutEmptyTables(before), withoutEmptyTables(snapshotHost(host))), []);
			host.run(
				'ip',
				theirs.map((word) => (word === 'add' ? 'del' : word)),
			);
		});

	test('the daemon tells the same, and goes on', async () => {
		await using daemon = await startDaemon(host, { args: ['--app-ports', '8080'] });
		host.run('ip', ['route', 'add', '192.0.2.0/24', 'dev', 'eth0', 'table', '100']);
		const before = withoutEmptyTables(snapshotHost(host));
		const { code, stderr } = daemon.ask('enable');
		assert.equal(code, 1);
		assert.match(stderr, /^turnout: Cannot use route table 100: .*\n.*routeTable/);
		assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
		assert.partialDeepStrictEqual(daemon.status(), { wanted: 'disabled', is: 'disabled' });
		host.run('ip', ['route', 'del', '192.0.2.0/24', 'dev', 'eth0', 'table', '100']);
		assert.match(daemon.ask('enable').stdout, /^interception +enabled/);
	});

	test('rules and routes of others that have nothing to do with ours are left alone', () => {
		for (const rule of innocent) host.run('ip', ['rule', 'add', ...rule]);
		const before = withoutEmptyTables(snapshotHost(host));
		run(host, ['init', '--app-ports', '8080']);
		run(host, ['clean', '--seed']);
		assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
	});
});

/** As WireGuard's, Kubernetes' and the cloud agents' are. */
const innocent = [
	'not fwmark 0xca6c lookup 51820',
	'fwmark 0x4000/0x4000 lookup 200',
	'from 10.77.0.2 lookup 10001',
].map((rule) => rule.split(' '));
