// Bootstraps of the user's own with listeners that do not learn where a captured connection was going.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bootstrapText, passThroughBootstrap } from '../../../src/envoy/bootstrap.ts';
import { parsePort } from '../../../src/values/units.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { rulesOf, unhurried } from '../../support/daemon.ts';
import { createEnvoyHost } from '../../support/envoy-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

interface Bootstrap {
	readonly static_resources: { readonly listeners: readonly Readonly<Record<string, unknown>>[] };
}

const ports = { ingressPort: parsePort('15000'), egressPort: parsePort('15001') };
const input = { ...ports, hasIpv6: true, capturesBridges: false };
const whole: Bootstrap = JSON.parse(bootstrapText(passThroughBootstrap(input)));

const without = (names: readonly string[], instead: object): string => {
	const listeners = whole.static_resources.listeners.map((listener) =>
		names.includes(String(listener['name'])) ? { ...listener, listener_filters: [], ...instead } : listener,
	);
	return JSON.stringify({ ...whole, static_resources: { ...whole.static_resources, listeners } });
};

describe('an Envoy with a bootstrap of the user', async () => {
	const stack = suiteStack();
	const { lab, app, args, untouched } = await createEnvoyHost(stack);
	const file = join(stack.use(createScratch('blind')).path, 'envoy.json');

	for (const [names, instead, told] of [
		[['egress'], { filter_chains: [] }, '15001 \\(egressPort\\)'],
		[['ingress', 'egress'], {}, '15000 \\(ingressPort\\) and 15001 \\(egressPort\\)'],
	] as const)
		test(`without original_dst on ${names.join(' and ')} is refused at once, before anything is captured`, async () => {
			writeFileSync(file, without(names, instead));
			await using daemon = await startDaemon(lab.host, {
				args: [...args, '--envoy-config', file, '--envoy-start-seconds', '300'],
				says: '"event":"envoy failed"',
			});
			assert.match(
				daemon.log(),
				new RegExp(`on ${told} it sends connections on to where they were going, and does not learn`),
			);
			assert.equal(await daemon.ended, 1);
			assert.equal(rulesOf(lab.host), untouched);
		});

	test('that says use_original_dst instead of the filter is taken', async () => {
		writeFileSync(file, without(['egress'], { use_original_dst: true }));
		await using daemon = await startDaemon(lab.host, { args: [...args, '--envoy-config', file] });
		assert.equal(daemon.status().envoy.state, 'live');
		assert.partialDeepStrictEqual(await app.connect(addresses.remote.v4, 443, unhurried), { by: 'remote' });
	});
});
