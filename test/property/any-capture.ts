// What settings ask for on any host, with its facts and with lists of any length.
import fc from 'fast-check';
import type { Capture } from '../../src/ruleset/capture.ts';
import { parseCidr } from '../../src/values/cidr.ts';
import { parsePort } from '../../src/values/units.ts';
import { captureOf } from '../support/capture.ts';
import { anySettings, anyUnits } from './generators.ts';

const facts = fc.record({ hasSets: fc.boolean(), filtersBridges: fc.boolean(), hasOnlyCookies: fc.boolean() });

const anyCapture: fc.Arbitrary<Capture> = fc
	.tuple(
		fc.tuple(anySettings, anyUnits).map(([texts, units]) => captureOf({ ...texts, ...units })),
		facts,
		fc.boolean(),
	)
	.map(([capture, host, isLong]) => ({ ...(isLong ? lengthened(capture) : capture), ...host }));

/** Of both families, more than a list of single rules may have. */
const networks = Array.from({ length: 40 }, (_, at) => [`198.18.${at}.0/28`, `2001:db8:${at}::/64`])
	.flat()
	.map(parseCidr);
/** None touches another, so that each is a range of its own. */
const ports = Array.from({ length: 600 }, (_, at) => parsePort(String(20_000 + 2 * at))).map((port) => ({
	from: port,
	to: port,
}));

const lengthened = (capture: Capture): Capture => ({
	...capture,
	appPorts: capture.appPorts === '*' ? '*' : [...ports, ...capture.appPorts],
	egressIgnoredIps: [...capture.egressIgnoredIps, ...networks],
	ingressIgnoredIps: [...capture.ingressIgnoredIps, ...networks],
	egressIgnoredPorts: ports.slice(1),
	egressOnlyPorts: capture.egressOnlyPorts.length === 0 ? [] : ports,
});

/** By what there is of special words for it in the rules. */
export const captures: Readonly<Record<string, fc.Arbitrary<Capture>>> = {
	'any settings': anyCapture,
	'a transparent listener': anyCapture.map((capture) => ({ ...capture, ingressMode: 'tproxy' })),
	"an application that sees the client's address": anyCapture.map((capture) => ({
		...{ ...capture, ingressKeepClient: 'application' },
		ignoreUids: [{ from: 1337, to: 1337 }],
	})),
	'long lists in sets': anyCapture.map((capture) => ({ ...lengthened(capture), hasSets: true })),
};
