import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderIptables } from '../../../src/firewall/iptables/render-rules.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import type { Capture } from '../../../src/ruleset/capture.ts';
import { createEvaluator } from '../../../src/ruleset/evaluate.ts';
import { showCidr } from '../../../src/values/cidr.ts';
import type { Family, IdRange } from '../../../src/values/units.ts';
import { anySettings } from '../../property/generators.ts';
import { captureOf } from '../../support/capture.ts';
import { fateOf, isNamed, isWithin, type Outcome, type Packet } from '../../support/packet.ts';

/** An independent model of what the settings mean for a connection, without rules or chains. */
const judge: Readonly<Record<'out' | 'in' | 'through', (capture: Capture, packet: Packet) => Outcome>> = {
	out(capture, packet) {
		const { ignoreUids, ignoreGids, onlyUids, onlyGids } = capture;
		if (packet.isToHere || isOwned(ignoreUids, packet.uid) || isOwned(ignoreGids, packet.gid)) return 'direct';
		const isOpen = onlyUids.length + onlyGids.length === 0;
		if (!isOpen && !isOwned(onlyUids, packet.uid) && !isOwned(onlyGids, packet.gid)) return 'direct';
		return leaves(capture, packet) ? capture.egressPort : 'direct';
	},
	in(capture, packet) {
		const { appPorts, guard, ingressPort, egressPort } = capture;
		if (guard && (packet.port === ingressPort || packet.port === egressPort)) return 'dropped';
		if (appPorts !== '*' && !holds(appPorts, packet.port)) return 'direct';
		if (holds(capture.ingressIgnoredPorts, packet.port)) return 'direct';
		if (capture.ingressIgnoredIps.some((cidr) => isWithin(showCidr(cidr), packet.from))) return 'direct';
		return isIgnoredInterface(capture, packet) ? 'direct' : ingressPort;
	},
	through(capture, packet) {
		const isBridged = capture.bridges.some((bridge) => isNamed(bridge, packet.interface));
		return isBridged && leaves(capture, packet) ? capture.egressPort : 'direct';
	},
};

function leaves(capture: Capture, packet: Packet): boolean {
	const { egressIgnoredIps, egressIgnoredPorts, egressOnlyIps, egressOnlyPorts } = capture;
	const goesTo = (cidrs: Capture['egressOnlyIps']) => cidrs.some((cidr) => isWithin(showCidr(cidr), packet.to));
	const isIgnored =
		goesTo(egressIgnoredIps) || holds(egressIgnoredPorts, packet.port) || isIgnoredInterface(capture, packet);
	const isAsked =
		(egressOnlyIps.length === 0 || goesTo(egressOnlyIps)) &&
		(egressOnlyPorts.length === 0 || holds(egressOnlyPorts, packet.port));
	return !isIgnored && isAsked;
}

const holds = (ranges: readonly IdRange[], value: number): boolean =>
	ranges.some(({ from, to }) => from <= value && value <= to);
const isOwned = (ranges: readonly IdRange[], id: number | undefined): boolean => id !== undefined && holds(ranges, id);
const isIgnoredInterface = (capture: Capture, packet: Packet): boolean =>
	capture.interfacesIgnored.some((name) => isNamed(name, packet.interface));

interface Connection {
	readonly way: keyof typeof judge;
	readonly family: Family;
	readonly packet: Packet;
}

/** Mostly values from the settings and their neighbours, as mistakes are at the boundaries. */
function anyConnection(capture: Capture): fc.Arbitrary<Connection> {
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
				isToHere: direction === 'out' ? fc.boolean() : fc.constant(direction === 'in'),
			})
			.map(({ uid, gid, ...packet }) => {
				const owner = direction === 'out' ? { uid, gid } : {};
				return { way: direction, family, packet: { ...packet, ...owner, isFromHere: direction === 'out' } };
			}),
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

const hookOf = { out: 'OUTPUT', in: 'PREROUTING', through: 'PREROUTING' } as const;

test('for any settings and any connection, the rules do what the settings say', () => {
	const anything = anySettings.map(captureOf).chain((capture) => {
		return fc.tuple(fc.constant(capture), fc.array(anyConnection(capture), { minLength: 20, maxLength: 20 }));
	});
	const property = fc.property(anything, ([capture, connections]) => {
		const held = {
			ipv4: renderIptables(buildRuleset(capture, 'ipv4')),
			ipv6: renderIptables(buildRuleset(capture, 'ipv6')),
		};
		const judges = {
			ipv4: createEvaluator(buildRuleset(capture, 'ipv4'), 'ipv4'),
			ipv6: createEvaluator(buildRuleset(capture, 'ipv6'), 'ipv6'),
		};
		for (const { way, family, packet } of connections) {
			const expected = judge[way](capture, packet);
			assert.equal(fateOf(held[family], hookOf[way], packet), expected, JSON.stringify(packet));
			assert.equal(judges[family](hookOf[way], packet), expected, `judged: ${JSON.stringify(packet)}`);
		}
	});
	fc.assert(property, { numRuns: 150 });
});
