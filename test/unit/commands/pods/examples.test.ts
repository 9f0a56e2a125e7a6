// The files below examples/kubernetes add what `turnout convert pod` adds, by other means.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { renderBootstrap } from '../../../../src/commands/mesh/render-mesh.ts';
import type { Container } from '../../../../src/commands/pods/pod-templates.ts';
import { createScratch } from '../../../lab/net/scratch.ts';
import { convertedPod, type Pod } from '../../../support/manifests.ts';
import { root } from '../../../support/pages.ts';

const examples = join(root, 'examples/kubernetes');
const read = (path: string): string => readFileSync(join(examples, path), 'utf8');

/** What depends on how the values of annotations arrive in the container. */
const withoutSources = ({ env: _, args: __, image: ___, ...others }: Container) => others;

const [turnout, envoy] = (({ pod }) => pod.spec.initContainers)(
	convertedPod(read('shop/cart.yaml'), { image: 'turnout', envoyImage: 'envoy' }),
).map(withoutSources);

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

describe('the kustomize component', { skip: hasKubectl ? false : 'kubectl is missing' }, () => {
	using scratch = createScratch('kustomize');
	cpSync(examples, scratch.path, { recursive: true });
	const mesh = [{ path: 'mesh.yaml', text: read('shop/mesh.yaml') }];
	const bootstrap = renderBootstrap(
		{ files: mesh, parameters: new Map() },
		{ mesh: undefined, kind: 'virtualNode', name: 'cart' },
		{ variables: {}, files: { parts: [] }, isInPod: true, ingressPort: 15_000, egressPort: 15_001 },
	);
	writeFileSync(join(scratch.path, 'shop/cart.json'), bootstrap);
	const { stdout, stderr } = spawnSync('kubectl', ['kustomize', join(scratch.path, 'shop')], { encoding: 'utf8' });
	const [map, deployment] = parseAllDocuments(stdout).map((document) => document.toJS());
	const pod: Pod = deployment?.spec.template ?? {};

	test('adds the containers that convert adds, with the images of the overlay', () => {
		assert.equal(stderr, '');
		const { initContainers } = pod.spec;
		assert.deepEqual(
			initContainers.map(({ image }) => image),
			['registry.example/turnout:0.1.0', 'envoyproxy/envoy:v1.40.0'],
		);
		const [own, other] = initContainers.map(withoutSources);
		assert.deepEqual(own, turnout);
		const ports = [{ name: 'stats', containerPort: 9901 }];
		assert.deepEqual(other, { ...envoy, ports });
		assert.equal(pod.metadata.annotations['appmesh.k8s.aws/sidecarInjectorWebhook'], 'disabled');
	});

	test('reads what the pods’ annotations say, and gives Envoy the file of its node', () => {
		assert.equal(map.data['cart.json'], bootstrap);
		assert.deepEqual(pod.spec.volumes, [{ name: 'envoy-bootstrap', configMap: { name: map.metadata.name } }]);
		const text = JSON.stringify(pod.spec.initContainers);
		for (const name of ['ports', 'egressIgnoredPorts', 'virtualNode'])
			assert.ok(text.includes(`annotations['appmesh.k8s.aws/${name}']`));
		assert.ok(text.includes('"/etc/envoy/$(VIRTUAL_NODE).json"'));
	});
});

test('the policy for admission adds the containers that convert adds', () => {
	const [policy, binding] = parseAllDocuments(read('mutating-admission-policy.yaml')).map((document) =>
		document.toJS(),
	);
	assert.equal(binding.spec.policyName, policy.metadata.name);
	const [{ jsonPatch }] = policy.spec.mutations;
	const patches = literalsOf(jsonPatch.expression.slice(jsonPatch.expression.indexOf('+\n[')));
	const added = patches
		.filter(({ path }) => path === '/spec/initContainers/-')
		.map(({ value }) => withoutSources(value as Container));
	assert.deepEqual(added, [turnout, { ...envoy, ports: [{ name: 'stats', containerPort: 9901 }] }]);
	assert.deepEqual(
		patches.filter(({ path }) => path === '/spec/volumes/-').map(({ value }) => value),
		[{ name: 'envoy-bootstrap', configMap: { name: 'envoy' } }],
	);
});

/** Objects of CEL as data, with all that is computed from the pod as one word. */
function literalsOf(expression: string): readonly { readonly path: string; readonly value: unknown }[] {
	const literal = expression
		.replace(/^\+\n/, '')
		.replace(/"[^"]*" \+ jsonpatch\.escapeKey\("[^"]*"\)/g, '"computed"')
		.replace(/("[^"]*" \+ )?object\.metadata\.annotations\[[^\]]*\](\.orValue\(""\))?( \+ "[^"]*")?/g, '"computed"')
		.replace(/\b(Object[\w.]*|JSONPatch)\{/g, '{');
	return parse(literal);
}
