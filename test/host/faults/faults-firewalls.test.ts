// What the firewalls of distributions do, real ones: firewalld and ufw.
import { describe, test } from 'node:test';
import { createFirewalls } from '../../lab/net/firewalls.ts';
import { createHost } from '../../lab/net/host.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost, type Fault, type FaultHost, testFaults } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** What docs/firewalls.md says to let in, with SSH. */
const ports = ['22', '8080', '15000'];

const firewalld: readonly Fault[] = [
	{
		what: 'firewalld is started',
		script: `firewalld --nofork --nopid </dev/null >/dev/null 2>&1 & echo $! > /run/firewalld.pid
			until firewall-cmd --state >/dev/null 2>&1; do sleep 0.1; done`,
	},
	// With the iptables backend its ebtables may fail where anybody changes rules in that moment; said again it goes.
	{ what: 'firewalld is reloaded', script: 'firewall-cmd --reload || firewall-cmd --reload' },
	{
		what: 'firewalld is stopped',
		script: 'pid=$(cat /run/firewalld.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done',
	},
];

for (const backend of ['nftables', 'iptables'])
	describe(`firewalld with FirewallBackend=${backend}`, async () => {
		const stack = suiteStack();
		const lab = createHost({ container: false });
		const firewalls = stack.use(await createFirewalls(lab.host));
		const settings = `s/^FirewallBackend=.*/FirewallBackend=${backend}/; s/^RFC3964_IPv4=.*/RFC3964_IPv4=no/`;
		firewalls.run('sed', ['-i', settings, '/etc/firewalld/firewalld.conf']);
		const allow = ports.map((port) => `--add-port=${port}/tcp`);
		firewalls.run('firewall-offline-cmd', allow);
		const place = stack.use(await createFaultHost('iptables-nft', { lab, through: firewalls.through }));
		testFaults(() => place, firewalld.slice(0, -1));
		test('status names it', () => untilNamed(place, 'firewalld'));
		testFaults(() => place, firewalld.slice(-1));
	});

const untilNamed = async (place: FaultHost, program: string): Promise<void> =>
	void (await eventually(place.status, ({ others = [] }) => others.some(({ name }) => name === program)));

describe('ufw', async () => {
	const stack = suiteStack();
	const lab = createHost({ container: false });
	const firewalls = stack.use(await createFirewalls(lab.host));
	for (const port of ports) firewalls.run('ufw', ['allow', `${port}/tcp`]);
	const place = stack.use(await createFaultHost('iptables-nft', { lab, through: firewalls.through }));
	testFaults(
		() => place,
		['--force enable', 'reload', 'disable'].map((words) => ({
			what: `ufw ${words}`,
			script: `ufw ${words}`,
			isOthers: true,
		})),
	);
	test('status names it, also by what it has left', () => untilNamed(place, 'ufw'));
});
