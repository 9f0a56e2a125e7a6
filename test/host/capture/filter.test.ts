// The host's firewall beside turnout: what it drops or lets in otherwise is told, and each recipe of docs/firewalls.md does
// what it says for those who are allowed, denied and banned.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { createFirewalls } from '../../lab/net/firewalls.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Target } from '../../lab/net/protocol.ts';
import { nameOf } from '../../support/calls.ts';
import { unhurried } from '../../support/daemon.ts';
import { dialects } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost, type FaultHost } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const ALLOWED = addresses.world.v4;
const DENIED = addresses.remote.v4;
const hurried = { timeoutMs: 1_000 };

const answer = async (
	{ peers }: FaultHost,
	from: string,
	pace: Pick<Target, 'timeoutMs'> = unhurried,
): Promise<string> => nameOf(await peers.world.connect(addresses.host.v4, 8080, { from, ...pace }));
/** Where packets are dropped there is nothing to wait for. */
const isDropped = async (place: FaultHost, from: string): Promise<void> =>
	assert.equal(await answer(place, from, hurried), 'nobody');
/** What status says of the subject; '' while all is well. */
const told = async ({ status }: FaultHost, subject: 'firewall' | 'denials'): Promise<string> => {
	const condition = (await status()).conditions.find((each) => each.subject === subject);
	return condition === undefined ? 'missing' : condition.ok ? '' : condition.why;
};
const saying = (place: FaultHost, subject: 'firewall' | 'denials', holds: (text: string) => boolean) =>
	eventually(() => told(place, subject), holds);
const isWell = (text: string) => text === '';

for (const dialect of dialects)
	describe(`a plain firewall in iptables-${dialect}`, async () => {
		const stack = suiteStack();
		const place = stack.use(await createFaultHost(dialect));
		const iptables = (...args: string[]) => place.lab.host.run(`iptables-${dialect}`, args);
		const ending = [
			['-i', 'lo', '-j', 'ACCEPT'],
			['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
			['-p', 'tcp', '-m', 'multiport', '--dports', '22,8080', '-j', 'ACCEPT'],
			['-j', 'DROP'],
		];
		const recipe = ['-p', 'tcp', '-m', 'conntrack', '--ctstate', 'DNAT', '--ctorigdstport', '8080', '-j', 'ACCEPT'];

		test('that drops what it does not know is told, is a failure of wait, and is well with the recipe', async () => {
			assert.equal(await told(place, 'firewall'), '');
			for (const rule of ending) iptables('-A', 'INPUT', ...rule);
			await isDropped(place, ALLOWED);
			await saying(place, 'firewall', (text) => /port 8080 are redirected.*drops them: -A INPUT -j DROP/.test(text));
			assert.equal(place.daemon.ask('wait', '--timeout', '0').code, 1);
			iptables('-I', 'INPUT', ...recipe);
			await saying(place, 'firewall', isWell);
			assert.equal(await answer(place, ALLOWED), 'ingress listener');
			assert.equal(place.daemon.ask('wait', '--timeout', '10').code, 0);
		});

		test('that denies by port is told, is no failure, and holds by the port that was dialled', async () => {
			iptables('-I', 'INPUT', '-s', DENIED, '-p', 'tcp', '--dport', '8080', '-j', 'DROP');
			assert.equal(await answer(place, DENIED), 'ingress listener');
			await saying(place, 'denials', (text) => text.includes(`-s ${DENIED}/32 -p tcp -m tcp --dport 8080 -j DROP`));
			assert.equal(place.daemon.ask('wait', '--timeout', '10').code, 0);
			const deny = ['-s', DENIED, '-p', 'tcp', '-m', 'conntrack', '--ctorigdstport', '8080', '-j', 'DROP'];
			iptables('-I', 'INPUT', ...deny);
			await saying(place, 'denials', isWell);
			await isDropped(place, DENIED);
			assert.equal(await answer(place, ALLOWED), 'ingress listener');
			iptables('-D', 'INPUT', ...deny);
			// The same before anything is redirected, in mangle.
			iptables('-t', 'mangle', '-A', 'PREROUTING', '-s', DENIED, '-p', 'tcp', '--dport', '8080', '-j', 'DROP');
			await saying(place, 'denials', isWell);
			await isDropped(place, DENIED);
			assert.equal(await answer(place, ALLOWED), 'ingress listener');
			iptables('-t', 'mangle', '-D', 'PREROUTING', '-s', DENIED, '-p', 'tcp', '--dport', '8080', '-j', 'DROP');
		});

		test("with fail2ban's chains bans by port do not hold, and bans of all ports do", async () => {
			iptables('-F', 'INPUT');
			// As its actions iptables-multiport and iptables-allports write them.
			const ban = ['-s', DENIED, '-j', 'REJECT', '--reject-with', 'icmp-port-unreachable'];
			const jump = (...ports: string[]) => ['INPUT', '-p', 'tcp', ...ports, '-j', 'f2b-web'];
			iptables('-N', 'f2b-web');
			iptables('-A', 'f2b-web', '-j', 'RETURN');
			iptables('-I', ...jump('-m', 'multiport', '--dports', '80,8080'));
			await saying(place, 'denials', (text) => text.includes('--dports 80,8080 -j f2b-web'));
			iptables('-I', 'f2b-web', ...ban);
			assert.equal(await answer(place, DENIED), 'ingress listener');
			iptables('-D', ...jump('-m', 'multiport', '--dports', '80,8080'));
			iptables('-I', ...jump());
			await saying(place, 'denials', isWell);
			assert.equal(await answer(place, DENIED), 'refused');
			assert.equal(await answer(place, ALLOWED), 'ingress listener');
		});
	});

describe('ufw', async () => {
	const stack = suiteStack();
	const lab = createHost({ container: false });
	const firewalls = stack.use(await createFirewalls(lab.host));
	const ufw = (...args: string[]) => firewalls.run('ufw', args);
	ufw('allow', '22/tcp');
	ufw('allow', '8080/tcp');
	const place = stack.use(await createFaultHost('nft', { lab, through: firewalls.through }));

	test('that lets an app port in drops what is redirected, and with the recipe does not', async () => {
		ufw('--force', 'enable');
		await isDropped(place, ALLOWED);
		await saying(place, 'firewall', (text) => text.includes('port 8080'));
		for (const [file, chain] of [
			['after.rules', 'ufw-after-input'],
			['after6.rules', 'ufw6-after-input'],
		]) {
			const line = `-A ${chain} -p tcp -m conntrack --ctstate DNAT --ctorigdstport 8080 -j ACCEPT`;
			firewalls.run('sed', ['-i', `0,/^COMMIT/s//${line}\\nCOMMIT/`, `/etc/ufw/${file}`]);
		}
		ufw('reload');
		await saying(place, 'firewall', isWell);
		assert.equal(await told(place, 'denials'), '');
		assert.equal(await answer(place, ALLOWED), 'ingress listener');
		assert.equal(await answer(place, DENIED), 'ingress listener');
	});

	test('keeps out with the recipe whom it denies altogether, and whom it denies for port 15000', async () => {
		ufw('insert', '1', 'deny', 'from', DENIED);
		await isDropped(place, DENIED);
		assert.equal(await answer(place, ALLOWED), 'ingress listener');
		assert.equal(await told(place, 'denials'), '');
		ufw('delete', 'deny', 'from', DENIED);
		ufw('insert', '1', 'deny', 'proto', 'tcp', 'from', DENIED, 'to', 'any', 'port', '8080');
		await saying(place, 'denials', (text) => text.includes('--dport 8080 -j DROP'));
		assert.equal(await answer(place, DENIED), 'ingress listener');
		ufw('insert', '1', 'deny', 'proto', 'tcp', 'from', DENIED, 'to', 'any', 'port', '15000');
		await saying(place, 'denials', isWell);
		await isDropped(place, DENIED);
		assert.equal(await answer(place, ALLOWED), 'ingress listener');
	});
});

describe('firewalld', async () => {
	const stack = suiteStack();
	const lab = createHost({ container: false });
	const firewalls = stack.use(await createFirewalls(lab.host));
	firewalls.run('firewall-offline-cmd', ['--add-port=22/tcp']);
	const place = stack.use(await createFaultHost('nft', { lab, through: firewalls.through }));

	test('opens app ports that its zones close, which is told, as is what it rejects of IPv6; a table of nft closes them', async () => {
		const start = `firewalld --nofork --nopid </dev/null >/dev/null 2>&1 & echo $! > /run/firewalld.pid
			until firewall-cmd --state >/dev/null 2>&1; do sleep 0.1; done`;
		firewalls.run('sh', ['-ec', start]);
		await eventually(
			() => answer(place, ALLOWED, hurried),
			(name) => name === 'ingress listener',
		);
		await saying(place, 'denials', (text) => /port 8080/.test(text));
		await saying(place, 'firewall', (text) => /ipv6 connections of local programs.*ip6 daddr/.test(text));
		const table = `table inet app_ports {
			chain in {
				type filter hook prerouting priority -160
				tcp dport 8080 ip saddr != ${ALLOWED} drop
			}
		}
		`;
		lab.host.run('nft', ['-f', '-'], { input: table });
		await isDropped(place, DENIED);
		assert.equal(await answer(place, ALLOWED), 'ingress listener');
	});
});

test('a host without rules, and one with those of Docker, hears nothing of its firewall', async () => {
	await using place = await createFaultHost('nft');
	assert.deepEqual([await told(place, 'firewall'), await told(place, 'denials')], ['', '']);
	installDockerRules(place.lab.host, 'nft');
	await eventually(
		async () => (await place.status()).conditions.filter(({ ok }) => !ok),
		(wrong) => wrong.length === 0,
	);
	assert.deepEqual([await told(place, 'firewall'), await told(place, 'denials')], ['', '']);
});
