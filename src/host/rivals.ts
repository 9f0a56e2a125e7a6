import { readdirSync, readFileSync } from 'node:fs';

/** Programs that rewrite the rules of a host, by the names that the kernel has for them (proc_pid_comm(5)). */
const known = [
	'dockerd',
	'firewalld',
	'kube-proxy',
	'kube-router',
	'fail2ban-server',
	'puppet',
	'chef-client',
	'salt-minion',
];

/** Those of them that run here, and ufw where it is switched on: that is no program that stays. */
export function rivals(): string[] {
	const names = new Set(quietly(() => readdirSync('/proc').filter(isPid), []).map(nameOf));
	const isUfwOn = /^ENABLED=yes/m.test(quietly(() => readFileSync('/etc/ufw/ufw.conf', 'utf8'), ''));
	return [...known.filter((name) => names.has(name)), ...(isUfwOn ? ['ufw'] : [])];
}

const isPid = (name: string): boolean => /^\d+$/.test(name);
const nameOf = (pid: string): string => quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '');

function quietly<T>(read: () => T, otherwise: T): T {
	try {
		return read();
	} catch {
		return otherwise;
	}
}
