import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderIptables } from '../../../src/firewall/iptables/render-rules.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import type { Capture } from '../../../src/ruleset/capture.ts';
import { createEvaluator } from '../../../src/ruleset/evaluate.ts';
import { showCidr } from '../../../src/values/cidr.ts';
import type { IdRange } from '../../../src/values/units.ts';
import { type Connection, hookOf, withConnections } from '../../property/any-connection.ts';
import { anySettings, anyUnits } from '../../property/generators.ts';
import { captureOf } from '../../support/capture.ts';
import { fateOf, isNamed, isWithin, type Outcome, type Packet } from '../../support/packet.ts';

/** An independent model of what the settings mean for a connection, without rules or chains. */
const judge: Readonly<Record<Connection['way'], (capture: Capture, packet: Packet) => Outcome>> = {
	out(capture, packet) {
		const { ignoreUids, ignoreGids, ignoreUnits, onlyUids, onlyGids, onlyUnits, cgroups = [] } = capture;
		const isOf = (units: Capture['onlyUnits']) =>
			cgroups.some(({ unit, id }) => units.includes(unit) && packet.cgroups?.includes(id) === true);
		if (packet.isToHere || isOwned(ignoreUids, packet.uid) || isOwned(ignoreGids, packet.gid)) return 'direct';
		if (isOf(ignoreUnits)) return 'direct';
		if (packet.uid === 0 && holds(capture.etcdPorts ?? [], packet.port)) return 'direct';
		const isOpen = onlyUids.length + onlyGids.length + onlyUnits.length === 0;
		const isAsked = isOwned(onlyUids, packet.uid) || isOwned(onlyGids, packet.gid) || isOf(onlyUnits);
		if (!isOpen && !isAsked) return 'direct';
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

test('for any settings and any connection, the rules do what the settings say', () => {
	const texts = fc.tuple(anySettings, anyUnits).map(([settings, units]) => ({ ...settings, ...units }));
	const property = fc.property(withConnections(texts.map(captureOf)), ([capture, connections]) => {
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
