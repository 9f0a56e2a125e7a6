import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotated, convert, deployment } from '../../../support/manifests.ts';

const refused: readonly (readonly [what: string, text: string, says: RegExp])[] = [
	[
		'a network of the node',
		deployment(annotated, '      hostNetwork: true\n'),
		/pods\.yaml:1: Deployment cart: hostNetwork is true: the node's own traffic/,
	],
	[
		'Fargate',
		deployment(annotated, '', 'eks.amazonaws.com/fargate-profile: x'),
		/fargate-profile: Fargate grants no container NET_ADMIN/,
	],
	['no YAML', 'kind: Pod\n---\nkind: [', /pods\.yaml:3: it is no YAML: .* end with a \]\n/],
	[
		'a template',
		'kind: Pod\n{{- if .x }}\nspec: 1\n{{- end }}\n',
		/pods\.yaml:2: it is no YAML: .*; of a template convert what it is rendered to/,
	],
	[
		'no containers',
		'---\nkind: Pod\nmetadata: { name: x }\n',
		/pods\.yaml:2: Pod x: spec is no spec of pods: its containers and volumes have a name each/,
	],
	[
		'a container without a name',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ image: y }] }\n',
		/spec is no spec of pods/,
	],
	[
		'an image that is no text',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ name: envoy, image: { y: z } }] }\n',
		/and an image is a text/,
	],
	[
		'a variable that is no text',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ name: envoy, env: [{ name: ENVOY_CONCURRENCY, value: 2 }] }] }\n',
		/and an image is a text, as are the values of variables and the paths of mounts/,
	],
	[
		'a mount without a path',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ name: envoy, volumeMounts: [{ name: y1 }] }] }\n',
		/spec is no spec of pods/,
	],
	[
		'variables that are no list',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ name: envoy, env: { y: z } }] }\n',
		/spec is no spec of pods/,
	],
	[
		'containers by an alias',
		'kind: Pod\nmetadata: { name: x }\nx: &all [{ name: app }]\nspec: { containers: *all }\n',
		/Pod x: spec\.containers stands there by an alias or a merge key; write it out/,
	],
	[
		'containers by a merge key',
		'kind: Pod\nmetadata: { name: x }\nx: &all { containers: [{ name: app }] }\nspec: { <<: *all }\n',
		/Pod x: spec\.containers stands there by an alias or a merge key; write it out/,
	],
	[
		'metadata by an alias',
		'kind: Job\nmetadata: &m { name: x }\nspec: { template: { metadata: *m, spec: { containers: [{ name: app }] } } }\n',
		/Job x: spec\.template\.metadata stands there by an alias or a merge key; write it out/,
	],
	[
		'an Envoy by an alias',
		'kind: Pod\nmetadata: { name: x }\nx: &envoy { name: envoy }\nspec: { containers: [{ name: app }, *envoy] }\n',
		/Pod x: container envoy stands there by an alias or a merge key; write it out/,
	],
	[
		'a route manager by a merge key',
		'kind: Pod\nmetadata: { name: x }\nx: &p { name: proxyinit }\nspec: { containers: [{ name: app }], initContainers: [{ <<: *p }] }\n',
		/Pod x: container proxyinit stands there by an alias or a merge key; write it out/,
	],
	[
		'an Envoy that has something else where its configuration belongs',
		'kind: Pod\nmetadata: { name: x }\nspec: { containers: [{ name: envoy, volumeMounts: [{ name: own, mountPath: /etc/envoy/ }] }] }\n',
		/Pod x: container envoy: "own" is mounted at \/etc\/envoy, where its configuration belongs; allowed: another path/,
	],
	[
		'what is asked for there',
		deployment({ ...annotated, secretMounts: 'own:/etc/envoy' }),
		/Deployment cart: container envoy: "own" is mounted at \/etc\/envoy, where/,
	],
	[
		'annotations that are no map',
		'kind: Pod\nmetadata: { name: x, annotations: [] }\nspec: { containers: [{ name: app }] }\n',
		/Pod x: metadata\.annotations is no map/,
	],
	[
		'an alias of a part of the Envoy that is replaced',
		'kind: Pod\nmetadata: { name: x }\nspec:\n  containers:\n    - name: envoy\n      env: &e [{ name: A, value: b }]\n    - name: app\n      env: *e\n',
		/1 mistake:\n {2}pods\.yaml:8: the alias \*e leads into what is replaced; write it out/,
	],
	[
		'one that would lead to another anchor of its name then',
		'kind: Pod\nmetadata: { name: x, labels: &e { a: b } }\nspec:\n  containers:\n    - name: envoy\n      env: &e [{ name: A, value: b }]\n    - name: app\n      env: *e\n',
		/pods\.yaml:8: the alias \*e leads into what is replaced/,
	],
	[
		'what is nested without end',
		`kind: Pod\nspec: ${'['.repeat(500)}`,
		/pods\.yaml:2: its values are nested more than 200 levels deep/,
	],
	['an alias of nothing', 'kind: Pod\nspec: *absent\n', /pods\.yaml:1: it is no YAML: .*absent/],
];

describe('what cannot be converted is refused, with file, line and pod:', () => {
	for (const [what, text, says] of refused)
		test(what, () => assert.throws(() => convert(text), { code: 'config', message: says }));

	test('all mistakes of all pods at once', () => {
		const wrong = deployment({ ports: '0', cpuLimit: 'x' });
		assert.throws(
			() => convert(`${wrong}---\n${wrong}`),
			(error: Error) => {
				assert.match(error.message, /^Cannot convert the pods: 4 mistakes:\n {2}pods\.yaml:1: /);
				return /\n {2}pods\.yaml:21: Deployment cart: /.test(error.message);
			},
		);
	});
});
