// PURE. Any valid settings that bear on rules and routes, as the text that a user would write: the parsers are tried as well.
import fc from 'fast-check';
import { type Loaded, readConfig } from '../../src/config/merge-sources.ts';

/** Dotted key → text. */
export type Texts = Readonly<Record<string, string>>;

export const loadTexts = (texts: Texts): Loaded =>
	readConfig({ env: {}, file: { values: new Map(), mistakes: [] }, flags: texts });

export interface Span {
	readonly from: number;
	readonly to: number;
}

/** The admin port of Envoy, which no other port may be. */
const ADMIN = 9901;
const LARGEST_ID = 0xffff_fffe;

const port = fc.oneof(fc.constantFrom(1, 22, 80, 443, 8080, 15001, 65535), fc.integer({ min: 1, max: 65535 }));

export function spans(number: fc.Arbitrary<number>, maxLength: number): fc.Arbitrary<Span[]> {
	const one = number.map((from) => ({ from, to: from }));
	const many = fc.tuple(number, number).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
	return fc.array(fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: many }), {
		maxLength,
		size: 'medium',
	});
}

const idSpans = spans(fc.oneof(fc.constantFrom(0, 1337, LARGEST_ID), fc.integer({ min: 0, max: LARGEST_ID })), 4);

/** Names that every Linux has, among users and among groups. */
export const names = fc.subarray(['root', 'daemon']);

export const prefixed = (address: fc.Arbitrary<string>, bits: number): fc.Arbitrary<string> =>
	fc.tuple(address, fc.option(fc.integer({ min: 0, max: bits }))).map(([text, prefix]) => {
		return prefix === null ? text : `${text}/${prefix}`;
	});

const everywhere = fc.constantFrom('0.0.0.0/0', '::/0', '10.0.0.0/8', '169.254.169.254');
const fewCidrs = fc.array(fc.oneof(everywhere, prefixed(fc.ipV4(), 32), prefixed(fc.ipV6(), 128)), { maxLength: 6 });
/** Of both families, more than iptables has rules for. */
export const manyCidrs = Array.from({ length: 40 }, (_, at) => [`198.18.${at}.0/28`, `2001:db8:${at}::/64`]).flat();
const cidrs = fc.oneof({ weight: 9, arbitrary: fewCidrs }, { weight: 1, arbitrary: fc.constant(manyCidrs) });

const interfaces = fc.array(
	fc.oneof(
		fc.constantFrom('eth0', 'docker0', 'wg0', 'tun+', 'br-+', 'veth1a2b3c4'),
		fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,13}\+?$/),
	),
	{ maxLength: 3 },
);

/** Decimal and hexadecimal; what is usual most of the time. */
const whole = (usual: number, most: number): fc.Arbitrary<string> =>
	fc.oneof(
		{ weight: 4, arbitrary: fc.constant(String(usual)) },
		{ weight: 1, arbitrary: fc.integer({ min: 1, max: most }).map(String) },
		{ weight: 1, arbitrary: fc.integer({ min: 1, max: most }).map((value) => `0x${value.toString(16)}`) },
	);

/** Of units that nobody ignores and captures at once. */
export const anyUnits: fc.Arbitrary<Texts> = fc
	.tuple(
		fc.subarray(['docker.service', '/machine.slice/a']),
		fc.subarray(['shop.service', 'gone.service', '/shop.slice']),
	)
	.map(([ignored, only]) => ({ ignoreUnits: ignored.join(), onlyUnits: only.join() }));

/** A foreign policy rule and its table: settings that name its mark or table get neither rule nor route of ours. */
export const foreignRule = { mark: 0x10, mask: 0xff, table: 500 } as const;

export const areTaken = ({ mark, routeTable }: Texts): boolean =>
	(Number(mark) & foreignRule.mask) === foreignRule.mark || Number(routeTable) === foreignRule.table;

/** What settings are made of. */
export interface Values {
	/** Of Envoy's listeners. */
	readonly own: fc.Arbitrary<number>;
	readonly appPorts: fc.Arbitrary<readonly Span[]>;
	readonly ports: fc.Arbitrary<readonly Span[]>;
	/** Not to be application ports. */
	readonly ignoredPorts: fc.Arbitrary<readonly Span[]>;
	readonly ids: fc.Arbitrary<readonly (Span | string)[]>;
	readonly cidrs: fc.Arbitrary<readonly string[]>;
	readonly interfaces: fc.Arbitrary<readonly string[]>;
	readonly bridges: fc.Arbitrary<readonly string[]>;
}

const rawOf = ({ own, appPorts, ports, ignoredPorts, ids, cidrs, interfaces, bridges }: Values) =>
	fc.record({
		own: fc.uniqueArray(own, { minLength: 2, maxLength: 2 }),
		appPorts: fc.oneof({ weight: 1, arbitrary: fc.constant('*' as const) }, { weight: 5, arbitrary: appPorts }),
		ingressIgnoredPorts: ignoredPorts,
		ingressIgnoredIps: cidrs,
		ignoreUids: ids,
		ignoreGids: ids,
		onlyUids: ids,
		onlyGids: ids,
		egressIgnoredIps: cidrs,
		egressIgnoredPorts: ports,
		egressOnlyIps: cidrs,
		egressOnlyPorts: ports,
		interfacesIgnored: interfaces,
		bridges,
		guard: fc.constantFrom('1', '0'),
		ingressMode: fc.constantFrom('redirect', 'tproxy'),
		ingressKeepClient: fc.constantFrom('envoy', 'application'),
		ipv6: fc.constantFrom('auto', '1', '0'),
		mark: whole(0x1e7700ce, 0xffff_ffff),
		routeTable: fc.oneof(
			{ weight: 9, arbitrary: whole(100, 0xffff_ffff) },
			{ weight: 1, arbitrary: fc.constant(String(foreignRule.table)) },
		),
		comma: fc.constantFrom(',', ', ', ' ,'),
		dash: fc.constantFrom('-', ':'),
	});
type Raw = ReturnType<typeof rawOf> extends fc.Arbitrary<infer T> ? T : never;

/** Valid by how they are made but for rare accidents, such as an IPv4 address in IPv6 form. */
export const settingsOf = (values: Values): fc.Arbitrary<Texts> => rawOf(values).map(textsOf).filter(isValid);

export const anySettings: fc.Arbitrary<Texts> = settingsOf({
	own: port.filter((value) => value !== ADMIN),
	appPorts: spans(port, 40),
	ports: spans(port, 40),
	ignoredPorts: spans(port, 8),
	ids: fc.tuple(idSpans, names).map((both) => both.flat()),
	cidrs,
	interfaces,
	bridges: interfaces,
});

function textsOf({ own: [ingressPort = 15000, egressPort = 15001], comma, dash, ...given }: Raw): Texts {
	const listed = (values: readonly (Span | string)[]): string =>
		values.map((value) => (typeof value === 'string' ? value : show(value, dash))).join(comma);
	const ignoreNobody = given.ignoreUids.length + given.ignoreGids.length === 0;
	const taken = [ingressPort, egressPort, ADMIN].map((value) => ({ from: value, to: value }));
	const { appPorts, guard, ipv6, mark, routeTable, ingressMode, ingressKeepClient, ...lists } = given;
	return {
		...Object.fromEntries(Object.entries(lists).map(([key, values]) => [key, listed(values)])),
		...(ignoreNobody ? { ignoreUids: '1337' } : {}),
		appPorts: appPorts === '*' ? '*' : listed(without(appPorts, [...taken, ...lists.ingressIgnoredPorts])),
		...{ ingressMode, ingressKeepClient: areTaken({ mark, routeTable }) ? 'envoy' : ingressKeepClient },
		...{ guard, ipv6, mark, routeTable, ingressPort: String(ingressPort), egressPort: String(egressPort) },
	};
}

const show = ({ from, to }: Span, dash: string): string => (from === to ? String(from) : `${from}${dash}${to}`);

const without = (spans: readonly Span[], others: readonly Span[]): Span[] =>
	spans.filter(({ from, to }) => !others.some((other) => from <= other.to && other.from <= to));

function isValid(texts: Texts): boolean {
	try {
		loadTexts(texts);
		return true;
	} catch {
		return false;
	}
}
