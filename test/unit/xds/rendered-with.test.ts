import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RenderOptions } from '../../../src/xds/render-options.ts';
import { renderedWith } from '../../../src/xds/rendered-with.ts';
import { everyField } from '../../support/every-field.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { rendered } from '../../support/rendered.ts';

const otherwise = { ingressPort: 1, egressPort: 2 };

test('what a snapshot was rendered with shows in it', () => {
	const whole: RenderOptions = {
		...{
			ingressPort: 15_100,
			egressPort: 15_101,
			hasIpv6: true,
			capturesBridges: true,
			hasSds: true,
			hasTracing: true,
		},
	};
	const none = { ingressPort: 15_000, egressPort: 15_001, hasIpv6: false, capturesBridges: false, hasTracing: false };
	const every = 'mesh/every/virtualNode/client';
	assert.deepEqual(renderedWith(rendered(everyField(), every, whole), otherwise), whole);
	assert.deepEqual(renderedWith(rendered(guideResources(), 'serviceA', none), otherwise), { ...none, hasSds: false });
});

test('what it does not show is taken from elsewhere', () => {
	const node = [{ meshName: 'm', virtualNodeName: 'n', spec: {} }];
	const found = renderedWith(rendered(node, 'n'), { ...otherwise, hasTracing: true, hasSds: true });
	assert.deepEqual([found.hasTracing, found.hasSds], [true, true]);
	const { ingressPort, egressPort } = renderedWith({ cds: {}, eds: {}, lds: {}, rds: {} }, otherwise);
	assert.deepEqual({ ingressPort, egressPort }, otherwise);
});
