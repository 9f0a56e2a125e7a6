// A host that is service A of the guide, whose application is called on another port while clients have connections open.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { HttpCounts } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { eventually } from '../../support/eventually.ts';
import { createMeshHost } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const sum = (counts: HttpCounts): number => Object.values(counts).reduce((all, each) => all + each, 0);

describe('an application port that leaves the mesh', async () => {
	const lab = await createMeshHost(suiteStack());

	test('costs no request: the rules let it go first, and Envoy serves the connections that are open', async () => {
		lab.save([100, 0]);
		// Besides on loopback, where Envoy calls it.
		await lab.app.serve({ name: 'app', address: addresses.host.v4, port: 80 });
		await using daemon = await lab.start();
		const target = { address: addresses.host.v4, port: 80, host: 'serviceA.simpleapp.local' };
		const load = await lab.world.startLoad(target, 4);
		await eventually(
			() => daemon.status().counters.ingress.connections,
			(connections) => connections >= 4,
		);
		const file = join(lab.definitions, '1.json');
		writeFileSync(`${file}~`, readFileSync(file, 'utf8').replace('"port": 80', '"port": 8080'));
		renameSync(`${file}~`, file);
		await eventually(
			() => daemon.log(),
			(log) => /the rules follow the ports of the mesh[\s\S]*mesh accepted/.test(log),
		);
		// Of connections that Envoy drains, and of new ones, which reach the application itself.
		const before = sum(await load.counts());
		await eventually(
			async () => sum(await load.counts()),
			(now) => now > before + 500,
		);
		const counts = await load.stop();
		assert.deepEqual(Object.keys(counts), ['app']);
	});
});
