import { join } from 'node:path';
import { test } from 'node:test';
import { bootstrapText, passThroughBootstrap } from '../../../src/envoy/bootstrap.ts';
import type { Port } from '../../../src/values/units.ts';
import { parsePort } from '../../../src/values/units.ts';
import { matchesGolden } from '../../support/golden.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);
const ports: Readonly<Record<'ingressPort' | 'egressPort', Port>> = {
	ingressPort: parsePort('15000'),
	egressPort: parsePort('15001'),
};

test('the bootstrap of a host with IPv6 passes both families on, and takes what this host sends on the loopback', () => {
	const text = bootstrapText(passThroughBootstrap({ ...ports, hasIpv6: true, capturesBridges: false }));
	matchesGolden(text, golden('bootstrap.txt'));
});

test("the bootstrap of a host without IPv6 has no IPv6 address, and containers' traffic arrives on their bridge", () => {
	const text = bootstrapText(passThroughBootstrap({ ...ports, hasIpv6: false, capturesBridges: true }));
	matchesGolden(text, golden('bootstrap-ipv4-bridges.txt'));
});

test('a transparent listener that connects to the application from the address of the client, and tries again where its port is taken', () => {
	const more = { isTransparent: true, keepsClient: true };
	const text = bootstrapText(passThroughBootstrap({ ...ports, hasIpv6: true, capturesBridges: false, ...more }));
	matchesGolden(text, golden('bootstrap-transparent.txt'));
});
