// Everything about a host's network that must be the same again after us, as text that diffs well.
import type { Namespace } from './namespace.ts';

/** Section by section, what the kernel holds. */
export type Snapshot = Readonly<Record<string, string>>;

const commands: Readonly<Record<string, string>> = {
	'iptables-nft': 'iptables-nft-save',
	'ip6tables-nft': 'ip6tables-nft-save',
	// Reading a legacy table creates it, so only existing ones are read.
	'iptables-legacy': 'grep -q . /proc/net/ip_tables_names && iptables-legacy-save',
	'ip6tables-legacy': 'grep -q . /proc/net/ip6_tables_names && ip6tables-legacy-save',
	'legacy tables': 'sort /proc/net/ip_tables_names /proc/net/ip6_tables_names',
	nft: 'nft list ruleset',
	ipset: 'ipset save',
	rules: 'ip rule',
	'rules v6': 'ip -6 rule',
	routes: 'ip route show table all',
	'routes v6': 'ip -6 route show table all',
	links: 'ip -brief address',
	// `netfilter` and `bridge` hold what the kernel has loaded, by whomever, and how many connections it knows.
	sysctl: 'cd /proc/sys/net && grep -rs . core ipv4 ipv6 | sort',
};

export function snapshotHost(namespace: Namespace): Snapshot {
	const script = Object.entries(commands).map(([name, command]) => `echo '=== ${name}'\n( ${command} ) 2>/dev/null\n`);
	const printed = namespace.run('sh', ['-s'], { input: `${script.join('')}exit 0` });
	return Object.fromEntries(printed.split(/^=== /m).slice(1).map(parseSection));
}

function parseSection(text: string): [string, string] {
	const end = text.indexOf('\n');
	return [text.slice(0, end), withoutChance(text.slice(end + 1))];
}

/** Without what differs between two reads of the same rules: counters, dates and timeouts. */
function withoutChance(text: string): string {
	return text
		.replace(/^#.*\n/gm, '')
		.replace(/\[\d+:\d+\]/g, '[0:0]')
		.replace(/counter packets \d+ bytes \d+/g, 'counter')
		.replace(/ (expires|age|used) \w+/g, '');
}
