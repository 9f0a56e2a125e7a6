import { commOf, pids, readText } from '../sockets/procfs.ts';

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
export function ruleManagers(): string[] {
	const names = new Set(pids().map(commOf));
	const isUfwOn = /^ENABLED=yes/m.test(readText('/etc/ufw/ufw.conf'));
	return [...known.filter((name) => names.has(name)), ...(isUfwOn ? ['ufw'] : [])];
}
