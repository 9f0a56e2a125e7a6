/** A program and its arguments, to be run without a shell. */
export type Argv = readonly [program: string, ...args: string[]];

/** What the guide's script reads from its variables; IPv4 only, as it knows no other family. */
export interface Script2019Settings {
	readonly iptables: 'iptables' | 'iptables-nft' | 'iptables-legacy';
	readonly uid: number;
	readonly appPorts: readonly number[];
	readonly ingressPort: number;
	readonly egressPort: number;
	/** When empty there is no rule for them: the metadata service goes to Envoy, as with the script. */
	readonly ignoredIps: readonly string[];
}

export interface Script2019Commands {
	/** At every start, enabled or not; fails on a host where it ran before. */
	readonly initialise: readonly Argv[];
	/** Stopping half-way leaves half of it behind; running it again doubles every rule. */
	readonly enable: readonly Argv[];
	/** Empties filter, nat and mangle of everybody; chains, rule and route stay. */
	readonly disable: readonly Argv[];
}

/**
 * The host commands that the route manager script of the 2019 App Mesh user guide issues, in its order, reproduced as
 * facts: the bench and the leak comparison measure turnout against them. Run one by one; the script stops at the first
 * that fails.
 */
export function script2019Commands(settings: Script2019Settings): Script2019Commands {
	const rule = (...args: string[]): Argv => [settings.iptables, ...args];
	const nat = (chain: string, ...args: string[]): Argv => rule('-t', 'nat', '-A', chain, ...args);
	const ignoredIps = settings.ignoredIps.join(',');

	return {
		initialise: [
			rule('-t', 'mangle', '-N', 'APPMESH_INGRESS'),
			rule('-t', 'nat', '-N', 'APPMESH_INGRESS'),
			rule('-t', 'nat', '-N', 'APPMESH_EGRESS'),
			['ip', 'rule', 'add', 'fwmark', '0x1e7700ce', 'lookup', '100'],
			['ip', 'route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100'],
		],
		enable: [
			nat('APPMESH_EGRESS', '-m', 'owner', '--uid-owner', `${settings.uid}`, '-j', 'RETURN'),
			nat('APPMESH_EGRESS', '-p', 'tcp', '-m', 'multiport', '--dports', '22', '-j', 'RETURN'),
			...(ignoredIps === '' ? [] : [nat('APPMESH_EGRESS', '-p', 'tcp', '-d', ignoredIps, '-j', 'RETURN')]),
			nat('APPMESH_EGRESS', '-p', 'tcp', '-j', 'REDIRECT', '--to', `${settings.egressPort}`),
			nat('OUTPUT', '-p', 'tcp', '-m', 'addrtype', '!', '--dst-type', 'LOCAL', '-j', 'APPMESH_EGRESS'),
			nat(
				'APPMESH_INGRESS',
				...['-p', 'tcp', '-m', 'multiport', '--dports', settings.appPorts.join(',')],
				...['-j', 'REDIRECT', '--to-port', `${settings.ingressPort}`],
			),
			nat('PREROUTING', '-p', 'tcp', '-m', 'addrtype', '!', '--src-type', 'LOCAL', '-j', 'APPMESH_INGRESS'),
		],
		disable: [rule('-F'), rule('-F', '-t', 'nat'), rule('-F', '-t', 'mangle')],
	};
}
