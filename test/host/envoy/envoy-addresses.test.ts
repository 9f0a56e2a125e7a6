// Envoys that listen on the right ports at the wrong addresses: nothing that is captured would arrive there.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { rulesOf, unhurried } from '../../support/daemon.ts';
import { answeringBootstrap } from '../../support/envoy-bootstrap.ts';
import { createEnvoyHost } from '../../support/envoy-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const bootstrap = (ingress: string, egress: string): string =>
	answeringBootstrap('envoy', { ingress, egress, admin: null });

const others =
	/on 15000 \(ingressPort\) it listens on 127\.0\.0\.1 only, where no captured connection of others arrives/;
const own =
	/on 15001 \(egressPort\) it listens on 10\.77\.0\.2 only, where no captured connection of this host arrives/;
const bridged =
	/on 15001 \(egressPort\) it listens on 127\.0\.0\.1 only, where no captured connection of others arrives/;

const wrong = [
	['inbound on the loopback', '127.0.0.1', '127.0.0.1', [], others],
	['outbound on the address of an interface', '0.0.0.0', addresses.host.v4, [], own],
	['outbound on the loopback with bridges captured', '0.0.0.0', '127.0.0.1', ['--bridges', 'docker0'], bridged],
] as const;

describe('an Envoy with a bootstrap of the user', async () => {
	const stack = suiteStack();
	const { lab, app, world, args, untouched } = await createEnvoyHost(stack);
	const file = join(stack.use(createScratch('addresses')).path, 'envoy.yaml');

	for (const [what, ingress, egress, more, why] of wrong)
		test(`that listens ${what} is refused before anything is captured, and why`, async () => {
			writeFileSync(file, bootstrap(ingress, egress));
			await using daemon = await startDaemon(lab.host, {
				args: [...args, '--envoy-config', file, '--envoy-start-seconds', '6', ...more],
				says: '"event":"envoy failed"',
			});
			assert.match(daemon.log(), why);
			assert.equal(await daemon.ended, 1);
			assert.equal(rulesOf(lab.host), untouched);
		});

	test('that is there already is led nothing more that would not arrive', async () => {
		writeFileSync(file, bootstrap('0.0.0.0', '127.0.0.1'));
		const settings = join(stack.use(createScratch('settings')).path, 'turnout.yaml');
		writeFileSync(settings, '{}');
		await using daemon = await startDaemon(lab.host, { args: [...args, '--envoy-config', file, '--config', settings] });
		writeFileSync(settings, JSON.stringify({ bridges: 'docker0' }));
		const { code, stderr } = daemon.ask('reload');
		assert.equal(code, 1);
		assert.match(stderr, bridged);
		assert.doesNotMatch(rulesOf(lab.host), /docker0/);
		assert.equal(daemon.status().is, 'enabled');
	});

	test('that listens inbound on the address of the interface that others dial is taken', async () => {
		writeFileSync(file, bootstrap(addresses.host.v4, '127.0.0.1'));
		await using daemon = await startDaemon(lab.host, { args: [...args, '--envoy-config', file] });
		assert.equal(daemon.status().envoy.state, 'live');
		assert.partialDeepStrictEqual(await world.connect(addresses.host.v4, 8080, unhurried), { by: 'envoy' });
		assert.partialDeepStrictEqual(await app.connect(addresses.remote.v4, 443, unhurried), { by: 'envoy' });
	});
});
