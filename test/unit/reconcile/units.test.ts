import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveHostContext } from '../../../src/reconcile/host-context.ts';
import { computeDesired } from '../../../src/reconcile/resolve.ts';
import { loadTexts, type Texts } from '../../property/generators.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryHost } from '../../support/memory-host.ts';

const { signal } = new AbortController();
const obstacle = {
	why: 'the kernel lacks what tells cgroups apart (module xt_cgroup)',
	remedy: 'Try modprobe xt_cgroup',
};

function contextOf(texts: Texts, ofPresets: Texts = {}, { isPossible = false } = {}) {
	const host = createMemoryHost([]);
	host.cgroupObstacle = isPossible ? undefined : obstacle;
	host.cgroups.set('/system.slice/docker.service', 7);
	const { config, written } = loadTexts(texts);
	const wanted = { config, capture: captureOf({ ...texts, ...ofPresets }), written };
	return resolveHostContext(host.host, wanted, undefined, signal);
}

test('where rules cannot tell cgroups apart, units are refused, with what is missing and what to do', async () => {
	for (const key of ['ignoreUnits', 'onlyUnits'])
		await assert.rejects(contextOf({ [key]: 'docker.service' }), {
			code: 'unsupported',
			message: `Cannot use ${key} (--${key === 'onlyUnits' ? 'only' : 'ignore'}-units): ${obstacle.why}`,
			remedy: obstacle.remedy,
		});
});

test('units of a preset are left out there, which is said', async () => {
	const { capture, notices } = await contextOf({}, { ignoreUnits: 'docker.service' });
	assert.deepEqual(capture.ignoreUnits, []);
	assert.deepEqual(notices, [`presets: units are not ignored: ${obstacle.why}`]);
});

test('nobody asks where no unit is named', async () => {
	assert.deepEqual((await contextOf({})).notices, []);
});

test('the cgroups of those units that are there are part of what is desired', async () => {
	const context = await contextOf({ ignoreUnits: 'docker.service,gone.service' }, {}, { isPossible: true });
	const { capture } = await computeDesired(context);
	assert.deepEqual(capture.cgroups, [{ unit: 'docker.service', path: '/system.slice/docker.service', id: 7 }]);
});
