import { memoize } from '../../lib/memoize.ts';
import type { Chain, Hook, Match, Rule, Ruleset, TableName, Verdict } from '../../ruleset/model.ts';
import { isOfSecondStage } from '../../ruleset/stage.ts';
import { type Family, families } from '../../values/units.ts';
import { cgroupInComment } from '../cgroup-comment.ts';
import type { RulesByFamily } from '../firewall.ts';
import { cgroupWords } from './cgroup-words.ts';
import { addressSet, mergedAddresses, mergedNumbers, numberSet, rangeOfCidr } from './intervals.ts';
import { baseChainOf, baseOf, chainOf, type NftChain, type NftTable, noTable, scopeOf } from './nft-table.ts';
import { splitUp } from './split-lists.ts';

/** Spells the rules of both families as `parseListing` spells what nft lists, so that the two can be compared. Remembered. */
export const renderTable = memoize(({ ipv4, ipv6 }: RulesByFamily): NftTable => {
	const rules = { ipv4, ipv6 };
	const chains = [
		...places.flatMap(([table, at]) => baseChain(table, at, rules)),
		...families.flatMap((family) => rules[family].map((chain) => ruleChain(chain, family))),
	];
	const counters = families.flatMap((family) => rules[family].flatMap(counterNames));
	if (chains.length === 0) return noTable;
	return { ...noTable, exists: true, chains, counters: new Map(counters.sort().map((name) => [name, 0])) };
});

const places = (['mangle', 'nat'] as const).flatMap((table) =>
	(['PREROUTING', 'OUTPUT'] as const).map((at) => [table, at] as const),
);

/** What the second stage adds comes after what the first has, of either family: so it is added to a chain that stays. */
function baseChain(table: TableName, at: Hook['at'], rules: RulesByFamily): NftChain[] {
	const entries = families.map((family) => {
		const entered = rules[family]
			.filter((chain) => chain.table === table)
			.flatMap((chain) => chain.hooks.filter((hook) => hook.at === at).map((hook) => ({ chain, hook, family })));
		const later = entered.findIndex(({ hook }) => isOfSecondStage(hook));
		return later < 0 ? [entered, []] : [entered.slice(0, later), entered.slice(later)];
	});
	const jumps = [
		...entries.flatMap(([first]) => first ?? []),
		...entries.flatMap(([, second]) => second ?? []),
	].flatMap(({ chain, hook, family }) => jumpsOf(chain, hook, family));
	return jumps.length === 0 ? [] : [{ name: baseChainOf(table, at), base: baseOf(table, at), rules: jumps }];
}

const jumpsOf = ({ table, name }: Chain, { matches, because }: Hook, family: Family): string[] =>
	splitUp(matches, family).map((part) => {
		const words = part.flatMap((match) => renderMatch(match, family));
		const protocol = words.some(isAboutTcp) ? [] : [TCP];
		return line(
			[`meta nfproto ${family}`, ...protocol, ...words, `jump ${chainOf(table, name, family)}`],
			because,
			part,
		);
	});

const ruleChain = (chain: Chain, family: Family): NftChain => ({
	name: chainOf(chain.table, chain.name, family),
	rules: chain.rules.flatMap((rule) => rulesOf(chain, rule, family)),
});

function rulesOf(chain: Chain, rule: Rule, family: Family): string[] {
	return splitUp(rule.matches, family).flatMap((matches) => {
		const part = { ...rule, matches };
		return [ruleOf(chain, part, family), ...withoutListener(chain, part, family)];
	});
}

/** The statement goes on with the next rule where nobody listens, and the packet would reach the application. */
const withoutListener = (chain: Chain, rule: Rule, family: Family): string[] =>
	rule.verdict.kind === 'tproxy' ? [ruleOf(chain, { ...rule, verdict: { kind: 'drop' } }, family)] : [];

function ruleOf(chain: Chain, rule: Rule, family: Family): string {
	const words = rule.matches.flatMap((match) => renderMatch(match, family));
	// These want to know the protocol in their own rule.
	const protocol = translating.includes(rule.verdict.kind) && !words.some(isAboutTcp) ? [TCP] : [];
	const counter = rule.role === undefined ? [] : [`counter name "${counterOf(chain, rule)}"`];
	return line(
		[...protocol, ...words, ...counter, renderVerdict(rule.verdict, chain.table, family)],
		rule.because,
		rule.matches,
	);
}

const translating: readonly Verdict['kind'][] = ['redirect', 'tproxy', 'keep-destination'];

const TCP = 'meta l4proto tcp';
const isAboutTcp = (words: string): boolean => words.startsWith('tcp ');

function line(words: readonly string[], because: string, matches: readonly Match[]): string {
	const cgroups = matches.flatMap((match) => (match.kind === 'cgroup' ? [` (${cgroupInComment(match.cgroup)})`] : []));
	return `${words.join(' ')} comment "turnout: ${because}${cgroups.join('')}"`;
}

const counterNames = (chain: Chain): string[] =>
	chain.rules.flatMap((rule) => (rule.role === undefined ? [] : [counterOf(chain, rule)]));

/** `nat_egress.egressIgnoredPorts`: one for all rules of a chain that a setting decides, of both families. */
export const counterOf = ({ table, name }: Pick<Chain, 'table' | 'name'>, { setting }: Rule): string =>
	`${scopeOf(table, name)}.${setting}`;

/** Matches that have one spelling. */
const fixedWords = {
	// Without a socket there is no user to compare (nft_meta_get_eval_skugid).
	owned: 'meta skuid >= 0',
	syn: 'tcp flags & (fin | syn | rst | ack) == syn',
	'not-syn': 'tcp flags & (fin | syn | rst | ack) != syn',
	'syn-ack': 'tcp flags & (syn | ack) == (syn | ack)',
	bridged: 'meta iifkind "bridge"',
	socket: 'socket wildcard 0',
	'transparent-socket': 'socket transparent 1',
} as const;

function renderMatch(match: Match, family: Family): string[] {
	switch (match.kind) {
		case 'ports':
			return [`tcp dport ${numberSet(match.asSet ? mergedNumbers(match.ports) : match.ports)}`];
		case 'own-ports':
			return [`tcp sport ${numberSet(match.ports)}`];
		case 'owner':
			return [`meta sk${match.id} ${numberSet(match.ranges)}`];
		case 'from':
			return addresses('saddr', match, family);
		case 'to':
			return addresses('daddr', match, family);
		case 'in':
			return match.interfaces.map((name) => `iifname ${interfaceName(name)}`);
		case 'out':
			return match.interfaces.map((name) => `oifname ${interfaceName(name)}`);
		case 'cgroup':
			return [cgroupWords(match.cgroup.path.slice(1))];
		case 'local':
			return [`fib ${match.end === 'source' ? 'saddr' : 'daddr'} type ${match.is ? '' : '!= '}local`];
		case 'reply-of-marked':
			return [`ct mark ${match.mark}`, 'ct direction reply'];
		case 'state':
			return [stateWords(match.states)];
		default:
			return [fixedWords[match.kind]];
	}
}

/** iptables takes for a state what is one of the connection's status bits. */
const stateWords = (states: readonly string[]): string =>
	`ct ${states.includes('DNAT') ? 'status' : 'state'} ${states.map((state) => state.toLowerCase()).join(',')}`;

/** A network of no bits is every address. */
function addresses(field: 'saddr' | 'daddr', { cidrs, asSet }: Networks, family: Family): string[] {
	if (cidrs.some(({ bits }) => bits === 0)) return [];
	const ranges = cidrs.map(rangeOfCidr);
	return [
		`${family === 'ipv4' ? 'ip' : 'ip6'} ${field} ${addressSet(family, asSet ? mergedAddresses(ranges) : ranges)}`,
	];
}

type Networks = Extract<Match, { readonly kind: 'from' | 'to' }>;

/** `+` is iptables' wildcard, `*` nft's. */
const interfaceName = (name: string): string => `"${name.replace(/\+$/, '*')}"`;

function renderVerdict(verdict: Verdict, table: TableName, family: Family): string {
	switch (verdict.kind) {
		case 'return':
			return 'return';
		case 'drop':
			return 'drop';
		case 'redirect':
			return `redirect to :${verdict.port}`;
		case 'tproxy':
			return `tproxy ${family === 'ipv4' ? 'ip' : 'ip6'} to :${verdict.port} accept`;
		case 'keep-destination':
			return 'dnat to :1-65535';
		case 'mark':
			return `meta mark set ${verdict.mark}`;
		case 'mark-connection':
			return `ct mark set ${verdict.mark}`;
		case 'jump':
			return `jump ${chainOf(table, verdict.chain, family)}`;
	}
}

/** The roles of counters, by their names. */
export const rolesOf = memoize(
	(ruleset: Ruleset) =>
		new Map(
			ruleset.flatMap((chain) =>
				chain.rules.flatMap((rule) => {
					const { table, name } = chain;
					return rule.role === undefined
						? []
						: [[counterOf(chain, rule), { table, chain: name, role: rule.role, setting: rule.setting }] as const];
				}),
			),
		),
);
