// Connections that settings may decide about.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RulesByFamily } from '../../src/firewall/firewall.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import type { Capture } from '../../src/ruleset/capture.ts';
import { createTracer, type Decision, type TracedRuleset } from '../../src/ruleset/trace.ts';
import { type ByFamily, byFamily, type Family, families, type IdRange } from '../../src/values/units.ts';
import type { Packet } from '../support/packet.ts';

/** A first packet, and on which way it comes. */
export interface Connection {
	readonly way: keyof typeof hookOf;
	readonly family: Family;
	readonly packet: Packet;
}

/** Mostly values from the settings and their neighbours, as mistakes are at the boundaries. */
export function anyConnection(capture: Capture): fc.Arbitrary<Connection> {
	const way = fc.constantFrom('out', 'in', 'through' as const);
	return fc.tuple(way, fc.constantFrom<Family>('ipv4', 'ipv6')).chain(([direction, family]) =>
		fc
			.record({
				from: anyAddress(capture.ingressIgnoredIps, family),
				to: anyAddress([...capture.egressIgnoredIps, ...capture.egressOnlyIps], family),
				port: anyPort(capture),
				interface: anyInterface(capture),
				uid: anyId([...capture.ignoreUids, ...capture.onlyUids]),
				gid: anyId([...capture.ignoreGids, ...capture.onlyGids]),
				cgroups: fc.subarray([1, ...(capture.cgroups ?? []).map(({ id }) => id)]),
				isToHere: direction === 'out' ? fc.boolean() : fc.constant(direction === 'in'),
			})
			.map(({ uid, gid, cgroups, ...packet }) => {
				const owner = direction === 'out' ? { uid, gid, cgroups } : {};
				return { way: direction, family, packet: { ...packet, ...owner, isFromHere: direction === 'out' } };
			}),
	);
}

/** What is asked for, and connections that it may decide about. */
export const withConnections = (captures: fc.Arbitrary<Capture>): fc.Arbitrary<[Capture, Connection[]]> =>
	captures.chain((capture) =>
		fc.tuple(fc.constant(capture), fc.array(anyConnection(capture), { minLength: 20, maxLength: 20 })),
	);

type Installed = ByFamily<TracedRuleset>;

/** What is told of a decision; backends have names of their own for chains. */
type Told = (decision: Decision) => unknown;
const byTheSameRule: Told = ({ outcome, rule }) => ({ outcome, because: rule?.because ?? '' });

/** Whatever is asked for, its rules as `install` leaves them are understood to the last word, and decide alike. */
export function checkAgreement(
	captures: fc.Arbitrary<Capture>,
	install: (rules: RulesByFamily) => Installed,
	told?: Told,
): void {
	const property = fc.property(withConnections(captures), ([asked, connections]) => {
		const rules = byFamily((family) => buildRuleset(asked, family));
		const installed = install(rules);
		for (const family of families) requireUnderstood(installed[family]);
		requireAgreement(rules, installed, connections, told);
	});
	fc.assert(property, { numRuns: 30 });
}

/** What is installed takes each connection as the settings say. */
export function requireAgreement(
	rules: RulesByFamily,
	installed: Installed,
	connections: readonly Connection[],
	told = byTheSameRule,
): void {
	const both = byFamily((family) => ({
		settings: createTracer(rules[family], family),
		kernel: createTracer(installed[family], family),
	}));
	for (const { way, family, packet } of connections) {
		const { settings, kernel } = both[family];
		assert.deepEqual(told(kernel(hookOf[way], packet)), told(settings(hookOf[way], packet)), JSON.stringify(packet));
	}
}

function requireUnderstood(installed: TracedRuleset): void {
	const all = installed.flatMap(({ hooks, rules }) => [...hooks, ...rules]);
	assert.deepEqual(
		all.filter((rule) => rule.unread !== undefined || ('verdict' in rule && rule.verdict.kind === 'unknown')),
		[],
	);
}

function anyAddress(cidrs: Capture['egressOnlyIps'], family: Family): fc.Arbitrary<string> {
	const named = cidrs.filter((cidr) => cidr.family === family).map(({ address }) => address);
	return fc.oneof(fc.constantFrom(family === 'ipv4' ? '203.0.113.10' : '2001:db8::10', ...named), anyOf[family]);
}
const anyOf = { ipv4: fc.ipV4(), ipv6: fc.ipV6() };

function anyPort(capture: Capture): fc.Arbitrary<number> {
	const { appPorts, ingressIgnoredPorts, egressIgnoredPorts, egressOnlyPorts, ingressPort, egressPort } = capture;
	const app = appPorts === '*' ? [] : appPorts;
	const ends = around([...app, ...ingressIgnoredPorts, ...egressIgnoredPorts, ...egressOnlyPorts]);
	return fc.constantFrom(22, 443, ingressPort, egressPort, ...ends).map((port) => Math.min(65535, Math.max(1, port)));
}

const around = (ranges: readonly IdRange[]): number[] => ranges.flatMap(({ from, to }) => [from - 1, from, to, to + 1]);

const anyId = (ranges: readonly IdRange[]): fc.Arbitrary<number> =>
	fc.constantFrom(0, 1000, ...around(ranges)).map((id) => Math.max(0, id));

const anyInterface = ({ bridges, interfacesIgnored }: Capture): fc.Arbitrary<string> =>
	fc.constantFrom('eth0', ...[...bridges, ...interfacesIgnored].flatMap((name) => [name.replace('+', ''), `${name}7`]));

export const hookOf = { out: 'OUTPUT', in: 'PREROUTING', through: 'PREROUTING' } as const;
