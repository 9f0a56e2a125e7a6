// Settings and connections that a host of the lab can show, by its own addresses, ports, users and interfaces.
import fc from 'fast-check';
import { ids } from '../lab/net/peers.ts';
import { type Attempt, type Place, places, type Who } from '../support/rows.ts';
import { manyCidrs, names, prefixed, type Span, settingsOf, spans, type Texts } from './generators.ts';

/** Envoy listens on all of these; the settings name two of them. */
export const envoyPorts: readonly number[] = [15_000, 15_001, 16_000, 16_001];

/** Where the application answers; others on all of these and on Envoy's. */
export const appPorts: readonly number[] = [22, 80, 443, 5432, 8080, 8081, 9090];

const ports = [...appPorts, ...envoyPorts];
const { remote, ignoredAddress, ignoredNetwork, metadata, credentials, container } = places;
const { loopback, otherLoopback, host, bridge } = places;
const sites: readonly Place[] = [remote, ignoredAddress, ignoredNetwork, metadata, credentials];
const own: readonly Place[] = [host, bridge];

const addressesOf = (of: readonly Place[]): string[] =>
	of.flatMap(({ v4, v6 }) => [v4, v6].filter((address) => address !== undefined));

const attempts = (who: Who, to: readonly Place[]): Attempt[] =>
	addressesOf(to).flatMap((address) => ports.map((port) => ({ who, address, port })));

/** From each address of the world's that the settings may name. */
const fromWorld = (to: readonly Place[]): Attempt[] =>
	attempts('world', to).flatMap((attempt) =>
		addressesOf([remote, ignoredAddress, ignoredNetwork])
			.filter((from) => from.includes(':') === attempt.address.includes(':'))
			.map((from) => ({ ...attempt, from })),
	);

/** Envoy's user and group are ignored under most settings. */
const users: readonly Who[] = ['app', 'app', 'app', 'root', 'root', 'root', 'proxyUser', 'proxyGroup'];
const byUsers = (to: readonly Place[]): Attempt[] => users.flatMap((who) => attempts(who, to));

/** Mostly those that some settings capture. */
const weighted: readonly (readonly [weight: number, attempts: readonly Attempt[]])[] = [
	[7, byUsers([...sites, container])],
	[1, byUsers([...own, loopback, otherLoopback])],
	[4, fromWorld(own)],
	[1, fromWorld([container])],
	[2, attempts('container', own)],
	[2, attempts('container', sites)],
];

export const anyAttempt: fc.Arbitrary<Attempt> = fc.oneof(
	...weighted.map(([weight, of]) => ({ weight, arbitrary: fc.constantFrom(...of) })),
);

/** Each list is empty more often than not: hardly any connection is on many only-lists at once. */
const sometimes = <T>(list: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> =>
	fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: list });

/** One in ten is so long that iptables has it in a set. */
const maybeLong = <T>(list: fc.Arbitrary<readonly T[]>, more: readonly T[]): fc.Arbitrary<readonly T[]> =>
	fc.tuple(list, fc.nat(9)).map(([few, chance]) => (chance === 9 ? [...more, ...few] : few));

const neighbours = (values: readonly number[]): fc.Arbitrary<number> =>
	fc.constantFrom(...values.flatMap((value) => [value - 1, value, value + 1]).filter((value) => value >= 0));

const manyPorts = Array.from({ length: 600 }, (_, at): Span => ({ from: 20_000 + 2 * at, to: 20_000 + 2 * at }));
const portSpans = maybeLong(spans(neighbours(ports), 6), manyPorts);

const known = addressesOf([...sites, ...own, container]);
const networksOf = (isIpv6: boolean, bits: number) =>
	prefixed(fc.constantFrom(...known.filter((address) => address.includes(':') === isIpv6)), bits);
const cidrs = maybeLong(fc.array(fc.oneof(networksOf(false, 32), networksOf(true, 128)), { maxLength: 4 }), manyCidrs);

const { app, proxy, otherOfProxyGroup } = ids;
const idSpans = spans(neighbours([0, app, proxy, otherOfProxyGroup]), 2);
const settings = settingsOf({
	own: fc.constantFrom(...envoyPorts),
	appPorts: portSpans,
	ports: sometimes(portSpans),
	ignoredPorts: sometimes(spans(neighbours(ports), 2)),
	ids: sometimes<Span | string>(fc.oneof({ weight: 3, arbitrary: idSpans }, { weight: 1, arbitrary: names })),
	cidrs: fc.oneof(fc.constant([]), cidrs),
	interfaces: sometimes(fc.subarray(['eth0', 'docker0', 'docker+', 'lo', 'wg0'], { minLength: 1, maxLength: 2 })),
	bridges: fc.subarray(['docker0', 'eth+', 'br-+'], { maxLength: 2 }),
});

const presets = sometimes(fc.subarray(['aws-endpoints', 'host-agents', 'container-networks']));

/**
 * What stands in Envoy's place is ignored by its user or by its group, as each Envoy must be. Bridges cannot be both captured
 * and left out.
 */
export const labSettings: fc.Arbitrary<Texts> = fc
	.tuple(settings, fc.constantFrom('ignoreUids', 'ignoreGids'), presets)
	.map(([texts, key, more]) => ({
		...texts,
		[key]: [texts[key], proxy].filter(Boolean).join(),
		presets: texts['bridges'] === '' ? more.join() : '',
	}));
