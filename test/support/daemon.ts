// What the tests of the daemon check on the host.
import type { Namespace } from '../lab/net/namespace.ts';
import { eventually } from './eventually.ts';

/**
 * Rules, policy rules and our table's routes of both families, without counters and dates; not those of the moment between
 * the two commits of a change, where it is only a moment.
 */
export function rulesOf(host: Namespace): string {
	const deadline = performance.now() + MOMENT_MS;
	for (;;) {
		const rules = readRules(host);
		if (!isBetween(rules) || performance.now() > deadline) return rules;
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
	}
}

const MOMENT_MS = 10_000;
const isBetween = (rules: string): boolean =>
	/^-A OUTPUT .*-m tcp --tcp-flags .*-j APPMESH_EGRESS$/m.test(rules) &&
	!/^-A OUTPUT .*-m tcp ! --tcp-flags .*-j APPMESH_EGRESS$/m.test(rules);

function readRules(host: Namespace): string {
	const commands = ['iptables-nft-save', 'ip6tables-nft-save', 'ip rule', 'ip -6 rule', ...routes];
	return host.run('sh', ['-c', `${commands.join('; ')}; true`]).replace(/^#.*\n|\[\d+:\d+\]/gm, '');
}

const routes = ['ip route show table 100 2>/dev/null', 'ip -6 route show table 100 2>/dev/null'];

/** The same, once whatever is captured is captured whole: in mangle and in nat, of both families. */
export const wholeRulesOf = (host: Namespace): Promise<string> =>
	eventually(
		() => rulesOf(host),
		(text) => (text.match(/^-A OUTPUT .*--sports \d+:\d+ .*-j APPMESH_EGRESS$/gm) ?? []).length === 4,
	);

/** The same but for what stays while captured connections are open, which captures nothing. */
export const capturing = (host: Namespace): string =>
	rulesOf(host).replace(/^.*APPMESH_(TRACKING|ANSWER|OUTPUT).*\n/gm, '');

/** How many lines bear our names. */
export const ownLines = (host: Namespace): number =>
	rulesOf(host)
		.split('\n')
		.filter((line) => /APPMESH_|0x1e7700ce|local default/.test(line)).length;

/** Foreign rules in every table that we use, so that the tables exist before us. */
export function installOthersRules(host: Namespace): void {
	for (const program of ['iptables-nft', 'ip6tables-nft']) {
		host.run(program, ['-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '--dport', '2222', '-j', 'REDIRECT']);
		host.run(program, ['-t', 'mangle', '-A', 'OUTPUT', '-p', 'udp', '--dport', '53', '-j', 'MARK', '--set-mark', '16']);
	}
}

/** For a connection that has to be answered, even on a busy machine. */
export const unhurried = { timeoutMs: 20_000 } as const;

/**
 * For setpriv(1): this user and group and no other, without any right of root's but to read, as a checkout may lie below
 * /root.
 */
export const unprivileged = (uid: number, gid: number): string[] => [
	...[`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
	...['--inh-caps=-all,+dac_read_search', '--ambient-caps=+dac_read_search'],
];
