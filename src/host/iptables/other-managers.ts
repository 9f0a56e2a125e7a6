import { commOf, pids, readText } from '../sockets/procfs.ts';

/** Programs that rewrite a host's rules, by their names in the kernel (proc_pid_comm(5)). */
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

/** Those that run here, and ufw if it is enabled: it has no process. */
export function ruleManagers(): string[] {
	const names = new Set(pids().map(commOf));
	const isUfwOn = /^ENABLED=yes/m.test(readText('/etc/ufw/ufw.conf'));
	return [...known.filter((name) => names.has(name)), ...(isUfwOn ? ['ufw'] : [])];
}
