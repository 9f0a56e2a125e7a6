import { showCidr } from '../../values/cidr.ts';
import type { Match, Rule, Table, Verdict } from './foreign-rule.ts';
import type { RuleText } from './foreign-rules.ts';
import { tablesOf } from './parse-tables.ts';

/** What the rules of the 2019 script, or of the App Mesh CNI plugin, say, in the order of the rules and as settings spell it. */
export interface Predecessor {
	readonly dialect: string;
	/** `ip`, `ip6`. */
	readonly families: readonly string[];
	readonly uids: readonly string[];
	readonly gids: readonly string[];
	readonly appPorts: readonly string[];
	readonly ingressPort: string | undefined;
	readonly egressPort: string | undefined;
	readonly ignoredIps: readonly string[];
	readonly ignoredPorts: readonly string[];
	/** Rules in its chains that none of these says. */
	readonly unread: readonly string[];
}

/** Undefined where nobody but us redirects with chains of these names. */
export function readPredecessor(texts: readonly RuleText[]): Predecessor | undefined {
	const found = tablesOf(texts.filter(({ kind }) => kind === 'saved')).filter(isTheirs);
	const [first] = found;
	if (first === undefined) return undefined;
	const inbound = saidIn(found, 'APPMESH_INGRESS');
	const outbound = saidIn(found, 'APPMESH_EGRESS');
	const values = (of: readonly Said[], kind: Said['kind']) => [
		...new Set(of.flatMap((said) => (said.kind === kind ? said.values : []))),
	];
	const redirected = (of: readonly Said[]) => of.find(({ to }) => to !== undefined)?.to;
	return {
		...{ dialect: first.tool, families: [...new Set(found.map(({ family }) => family))] },
		...{ uids: values(outbound, 'uid'), gids: values(outbound, 'gid') },
		...{ ingressPort: redirected(inbound), egressPort: redirected(outbound) },
		...{ appPorts: values(inbound, 'redirect'), ignoredIps: values(outbound, 'address') },
		...{ ignoredPorts: values(outbound, 'ports'), unread: values([...inbound, ...outbound], 'unread') },
	};
}

/** A rule of ours says why it is there. */
function isTheirs({ name, chains }: Table): boolean {
	const rules = ['APPMESH_INGRESS', 'APPMESH_EGRESS'].flatMap((chain) => chains.get(chain) ?? []);
	const isRedirecting = rules.some(({ verdict }) => verdict.kind === 'translate');
	return name === 'nat' && isRedirecting && !rules.some(({ text }) => text.includes('"turnout: '));
}

interface Said {
	readonly kind: 'uid' | 'gid' | 'ports' | 'address' | 'redirect' | 'unread';
	readonly values: readonly string[];
	/** Where a redirect leads. */
	readonly to?: string | undefined;
}

const saidIn = (tables: readonly Table[], chain: string): Said[] =>
	tables.flatMap(({ chains }) => (chains.get(chain) ?? []).map(saidBy));

function saidBy({ matches, verdict, text }: Rule): Said {
	const asked = matches.filter(({ kind }) => kind !== 'protocol');
	const [, to] = / --to-ports (\d+)$/.exec(text) ?? [];
	const isRedirect = verdict.kind === 'translate' && to !== undefined;
	return (isRedirect ? redirectBy(asked, to) : returnBy(asked, verdict)) ?? { kind: 'unread', values: [text] };
}

/** To this port goes everything, or what these ports are dialled for. */
function redirectBy([only, ...more]: readonly Match[], to: string): Said | undefined {
	if (only === undefined) return { kind: 'redirect', values: [], to };
	const said = more.length === 0 ? saidByMatch(only) : undefined;
	return said?.kind === 'ports' ? { kind: 'redirect', values: said.values, to } : undefined;
}

const returnBy = ([only, ...more]: readonly Match[], { kind }: Verdict): Said | undefined =>
	only === undefined || more.length > 0 || kind !== 'return' ? undefined : saidByMatch(only);

function saidByMatch(match: Match): Said | undefined {
	if (match.not) return undefined;
	if (match.kind === 'uid') return { kind: 'uid', values: match.ranges.map(spanOf) };
	if (match.kind === 'ports' && !match.original) return { kind: 'ports', values: match.ranges.map(spanOf) };
	if (match.kind === 'to' && !match.original) return { kind: 'address', values: match.cidrs.map(plainCidr) };
	const [, gid] = match.kind === 'unknown' ? (/^--gid-owner (\d+)$/.exec(match.words) ?? []) : [];
	return gid === undefined ? undefined : { kind: 'gid', values: [gid] };
}

const spanOf = ({ from, to }: { readonly from: number; readonly to: number }): string =>
	from === to ? `${from}` : `${from}-${to}`;

const plainCidr = (cidr: Parameters<typeof showCidr>[0]): string => showCidr(cidr).replace(/\/(32|128)$/, '');
