// Rules of other programs, which must be unchanged after ours have come and gone. Each document says
// nothing about policies that are not its own, so that they can be installed together, in any order.
import type { Namespace } from './namespace.ts';
import { type Dialect, type Family, restore } from './restore.ts';

const openPorts: readonly number[] = [22, 8080];

export function installUfwRules(namespace: Namespace, dialect: Dialect): void {
	restore(namespace, dialect, ufwRules);
}

export function installAdministratorRules(namespace: Namespace, dialect: Dialect): void {
	restore(namespace, dialect, administratorRules);
}

/** The chains of `ufw enable`, with `ufw allow 22/tcp` and `ufw allow 8080/tcp`. */
export function ufwRules(family: Family): string {
	const ufw = family === 'v4' ? 'ufw' : 'ufw6';
	const chains = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'];
	const hooks = ['input', 'output', 'forward'];
	const names = [...hooks.flatMap((hook) => chains.map((chain) => `${ufw}-${chain}-${hook}`)), `${ufw}-user-input`];
	return [
		'*filter',
		':INPUT DROP [0:0]',
		':FORWARD DROP [0:0]',
		...[...names, `${ufw}-logging-deny`, `${ufw}-skip-to-policy-input`].map((name) => `:${name} - [0:0]`),
		...hooks.flatMap((hook) => chains.map((chain) => `-A ${hook.toUpperCase()} -j ${ufw}-${chain}-${hook}`)),
		`-A ${ufw}-before-input -i lo -j ACCEPT`,
		`-A ${ufw}-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
		`-A ${ufw}-before-input -m conntrack --ctstate INVALID -j ${ufw}-logging-deny`,
		`-A ${ufw}-before-input -m conntrack --ctstate INVALID -j DROP`,
		`-A ${ufw}-before-input ${icmp(family)} -j ACCEPT`,
		`-A ${ufw}-before-input -j ${ufw}-user-input`,
		`-A ${ufw}-before-output -o lo -j ACCEPT`,
		`-A ${ufw}-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
		`-A ${ufw}-after-input -p udp -m udp --dport 137 -j ${ufw}-skip-to-policy-input`,
		`-A ${ufw}-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "`,
		`-A ${ufw}-skip-to-policy-input -j DROP`,
		`-A ${ufw}-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT`,
		`-A ${ufw}-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT`,
		...openPorts.map((port) => `-A ${ufw}-user-input -p tcp -m tcp --dport ${port} -j ACCEPT`),
		'COMMIT',
		'',
	].join('\n');
}

/** An administrator's firewall: closed but for a few ports, with a NAT rule and a mark of its own. */
export function administratorRules(family: Family): string {
	return [
		'*filter',
		':INPUT DROP [0:0]',
		'-A INPUT -i lo -j ACCEPT',
		'-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
		// Without neighbour discovery an IPv6 host is unreachable.
		`-A INPUT ${icmp(family)} -j ACCEPT`,
		...openPorts.map((port) => `-A INPUT -p tcp -m tcp --dport ${port} -m comment --comment "ticket 4711" -j ACCEPT`),
		'COMMIT',
		'*nat',
		'-A PREROUTING -p tcp -m tcp --dport 2222 -m comment --comment "the old ssh port" -j REDIRECT --to-ports 22',
		'-A POSTROUTING -o tun0 -j MASQUERADE',
		'COMMIT',
		'*mangle',
		':office - [0:0]',
		'-A OUTPUT -p udp -m udp --dport 53 -j office',
		'-A FORWARD -o tun0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
		'-A office -j MARK --set-xmark 0x10/0xff',
		'COMMIT',
		'',
	].join('\n');
}

const icmp = (family: Family): string => (family === 'v4' ? '-p icmp' : '-p ipv6-icmp');
