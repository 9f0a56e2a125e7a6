import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { adsBootstrap } from '../../src/xds/ads-bootstrap.ts';
import type { JsonObject } from '../../src/xds/snapshot.ts';
import { staticBootstrap } from '../../src/xds/static-bootstrap.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { guideResources } from '../support/guide-mesh.ts';
import { renderedNode } from '../support/rendered.ts';

const identity = { id: 'mesh/m/virtualNode/n', cluster: 'mesh/m/virtualNode/n' };

describe('Envoy accepts', () => {
	let envoy = '';
	before(async () => {
		envoy = await findEnvoy();
	});

	/** Ends without opening a socket. */
	function validate(bootstrap: JsonObject): void {
		using scratch = createScratch('mesh-validate');
		const path = join(scratch.path, 'envoy.json');
		writeFileSync(path, JSON.stringify(bootstrap));
		const found = spawnSync(envoy, ['--mode', 'validate', '-c', path, '--use-dynamic-base-id', '-l', 'warning'], {
			encoding: 'utf8',
		});
		assert.equal(found.status, 0, found.stderr);
		assert.doesNotMatch(found.stderr, /deprecated|Unknown field/i);
	}

	test('the bootstrap for ADS', () => {
		validate(adsBootstrap({ ...identity, adminPath: '/run/turnout/admin', socketPath: '/run/turnout/xds/xds.sock' }));
	});

	for (const name of ['serviceA', 'serviceB'])
		for (const isFirst of [true, false])
			test(`${name} of the guide, ${isFirst ? 'first' : 'later'}`, () => {
				const options = { isFirst, hasIpv6: true, capturesBridges: isFirst };
				validate(staticBootstrap(renderedNode(guideResources(), name, options), identity));
			});
});
