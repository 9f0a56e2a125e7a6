// A real Envoy that rejects what the definitions say: a certificate is not there.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { askSocket } from '../../lab/net/socket.ts';
import type { TestDaemon } from '../../lab/turnout.ts';
import { createAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type Certificate = ReturnType<ReturnType<typeof createAuthority>['issue']>;

const definitions = (file: Certificate): object[] => [
	mesh(),
	client(['one.lab.local'], {
		listeners: [{ portMapping: { port: 8080, protocol: 'http' }, tls: { mode: 'STRICT', certificate: { file } } }],
	}),
	...[node('one', { port: 80 }), serviceOf('one.lab.local', 'one')],
];

const missing = { certificateChain: '/nowhere/chain.pem', privateKey: '/nowhere/key.pem' };

const kinds = ['dynamic_listeners', 'dynamic_active_clusters', 'dynamic_route_configs'];

/** What is in force, without when it came, and without what was rejected. */
async function configurationOf(daemon: TestDaemon): Promise<unknown> {
	const [admin = ''] = globSync(`${daemon.socket}.envoy/*/admin`);
	const asked = kinds.map((kind) => askSocket(admin, 'GET', `/config_dump?resource=${kind}`));
	const isLeftOut = (key: string) => key === 'last_updated' || key === 'error_state';
	return (await Promise.all(asked)).map(({ text }) =>
		JSON.parse(text, (key, value) => (isLeftOut(key) ? undefined : value)),
	);
}

describe('what Envoy rejects', async () => {
	const lab = await createFieldLab(suiteStack());
	const authority = createAuthority(lab.folder, 'authority');
	await lab.world.serve({ name: 'one', address: addresses.remote.v4, port: 80 });

	test('as its first configuration, ends the start with its reason', async () => {
		const daemon = await lab.start(definitions(missing));
		assert.equal(await daemon.ended, 1);
		assert.match(daemon.log(), /Cannot start Envoy: .*: \/nowhere\/key\.pem$/m);
	});

	test('as a change, is told with its reason and the file; what is in force stays as it was, and no request fails', async () => {
		const good = definitions(authority.issue('client', ['client.lab.local']));
		const daemon = await lab.start(good);
		const load = await lab.app.startLoad({ address: addresses.remote.v4, port: 80, host: 'one.lab.local' }, 2);
		const before = await configurationOf(daemon);
		lab.save(definitions(missing));
		const told = await eventually(
			async () => (await daemon.readStatus()).conditions.find(({ subject }) => subject === 'mesh'),
			(condition) => condition?.ok === false,
		);
		assert.match(
			told?.ok === false ? told.why : '',
			/^Envoy rejects it: .*: \/nowhere\/key\.pem; changed since what it has: .*mesh\.json$/,
		);
		assert.deepEqual(await configurationOf(daemon), before);
		lab.save(good);
		await eventually(
			async () => (await daemon.readStatus()).conditions.find(({ subject }) => subject === 'mesh'),
			(condition) => condition?.ok === true,
		);
		assert.deepEqual(Object.keys(await load.stop()), ['one']);
	});
});
