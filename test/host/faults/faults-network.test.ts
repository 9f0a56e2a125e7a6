// What happens to routes, addresses and interfaces.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requireAll } from '../../lab/net/load.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost, type Fault, testFaults } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const faults: readonly Fault[] = [
	{ what: 'the policy rule is deleted', script: 'ip rule del fwmark 0x1e7700ce' },
	{ what: 'route table 100 is flushed', script: 'ip route flush table 100; ip -6 route flush table 100' },
	{
		what: 'the default route is replaced',
		script: `set -- $(ip -4 route show default)
			ip route replace "$@" metric 50; ip route del "$@" metric 50`,
		isHarmless: true,
	},
	{
		what: 'an address comes and goes',
		script: 'ip address add 10.99.0.1/32 dev lo; ip address del 10.99.0.1/32 dev lo',
		isHarmless: true,
	},
	{
		what: 'an interface comes, goes and comes again',
		script: `ip link add turn0 type veth peer name turn1; ip link set turn0 up; ip link del turn0
			ip link add turn0 type veth peer name turn1`,
		undo: 'ip link del turn0',
		isHarmless: true,
	},
	{ what: 'lo is set down and up', script: 'ip link set lo down', undo: 'ip link set lo up' },
];

describe('on a host', async () => {
	const stack = suiteStack();
	const place = stack.use(await createFaultHost('iptables-nft'));
	testFaults(() => place, faults);

	test('when IPv6 is switched off and on, its rules stay, its routes come back, and all is captured again', async () => {
		const { lab, rules, status, peers } = place;
		const whole = rules();
		const own = (text: string) => text.split('\n').filter((line) => line.startsWith('-A'));
		const interfaces = ['all', 'default', 'lo', ...lab.host.run('ls', ['/proc/sys/net/ipv6/conf']).split('\n')];
		const set = (value: '0' | '1') =>
			lab.host.run('sh', ['-ec', 'echo "$0" > /proc/sys/net/ipv6/conf/all/disable_ipv6', value]);
		assert.ok(interfaces.includes('lo'));
		const addresses = lab.host.run('ip', ['-6', '-o', 'address', 'show', 'scope', 'global']);
		const routes = lab.host.run('ip', ['-6', 'route', 'show', 'default']);
		set('1');
		const off = await eventually(status, ({ families }) => families.length === 1);
		assert.equal(off.is, 'enabled');
		assert.deepEqual(own(rules()), own(whole));
		set('0');
		for (const line of addresses.split('\n').filter(Boolean)) {
			const [, device = '', , address = ''] = line.split(/\s+/);
			lab.host.run('ip', ['address', 'add', address, 'dev', device, 'nodad']);
		}
		for (const line of routes.split('\n').filter(Boolean)) lab.host.tryRun('sh', ['-c', `ip -6 route add ${line}`]);
		await eventually(rules, (now) => now === whole);
		assert.equal((await eventually(status, ({ families }) => families.length === 2)).is, 'enabled');
		await requireAll(peers, 'captured');
	});
});
