import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotated, chapterPod, convert, convertedPod, deployment, variablesOf } from '../../../support/manifests.ts';

const standard = {
	APPMESH_APP_PORTS: '8080',
	APPMESH_IGNORE_UID: '1337',
	APPMESH_ENVOY_INGRESS_PORT: '15000',
	APPMESH_ENVOY_EGRESS_PORT: '15001',
	TURNOUT_INGRESS_IGNORED_PORTS: '',
};
const probe = { httpGet: { path: '/ready', port: 9901 } };

describe('a pod that AWS’s injector put its containers into is converted:', () => {
	test('turnout applies the rules, then Envoy starts as a native sidecar, before the application', () => {
		const { pod, turnout, envoy, notices } = convertedPod(deployment(annotated));
		assert.deepEqual(
			pod.spec.initContainers.map(({ name }) => name),
			['turnout', 'envoy'],
		);
		assert.deepEqual(
			pod.spec.containers.map(({ name }) => name),
			['app'],
		);
		const { env, ...others } = turnout;
		assert.deepEqual(variablesOf({ name: '', env: env ?? [] }), standard);
		assert.deepEqual(others, {
			...{ name: 'turnout', image: 'turnout:1', args: ['init'] },
			securityContext: {
				...{ runAsUser: 0, runAsNonRoot: false, readOnlyRootFilesystem: true },
				capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
			},
			resources: { requests: { cpu: '10m', memory: '32Mi' } },
		});
		assert.deepEqual(envoy, {
			...{ name: 'envoy', image: 'envoy:1', args: ['--config-path', '/etc/envoy/envoy.json'] },
			env: [{ name: 'APPMESH_VIRTUAL_NODE_NAME', value: 'mesh/shop/virtualNode/cart' }],
			...{ restartPolicy: 'Always', securityContext: { runAsUser: 1337 } },
			ports: [{ name: 'stats', containerPort: 9901, protocol: 'TCP' }],
			resources: { requests: { cpu: '10m', memory: '32Mi' } },
			startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 120 },
			readinessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
			volumeMounts: [{ name: 'envoy-bootstrap', mountPath: '/etc/envoy', readOnly: true }],
		});
		assert.deepEqual(pod.spec.volumes, [{ name: 'envoy-bootstrap', configMap: { name: 'cart-envoy' } }]);
		assert.deepEqual(notices, [
			'pods.yaml:1: Deployment cart: its Envoy reads envoy.json of the ConfigMap cart-envoy; what belongs there: turnout mesh render --pod --node mesh/shop/virtualNode/cart',
		]);
	});

	test('its annotations have become the containers, and an injector that is still there leaves it alone', () => {
		const { pod } = convertedPod(deployment({ ...annotated, cpuLimit: '1', sidecarInjectorWebhook: 'enabled' }));
		assert.deepEqual(pod.metadata.annotations, {
			'prometheus.io/scrape': 'true',
			'appmesh.k8s.aws/sidecarInjectorWebhook': 'disabled',
		});
	});

	test('for an older Kubernetes Envoy runs beside the application, and outlasts it', () => {
		const { pod, envoy } = convertedPod(deployment(annotated), { isNative: false });
		assert.deepEqual(
			pod.spec.containers.map(({ name }) => name),
			['app', 'envoy'],
		);
		assert.deepEqual([envoy['restartPolicy'], envoy['startupProbe']], [undefined, undefined]);
		assert.deepEqual(envoy['lifecycle'], { preStop: { exec: { command: ['sleep', '20'] } } });
	});

	test('an application’s own init containers run before, as they did', () => {
		const { pod } = convertedPod(
			deployment(annotated, '      initContainers:\n        - name: migrate\n          image: m:1\n'),
		);
		assert.deepEqual(
			pod.spec.initContainers.map(({ name }) => name),
			['migrate', 'turnout', 'envoy'],
		);
	});
});

const kinds: readonly (readonly [kind: string, text: string])[] = [
	...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'].map(
		(kind) => [kind, deployment(annotated).replace('kind: Deployment', `kind: ${kind}`)] as const,
	),
	['Pod', chapterPod()],
	[
		'CronJob',
		`kind: CronJob\nmetadata: { name: cart }\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec: { containers: [{ name: app, ports: [{ containerPort: 8080 }] }] }\n`,
	],
	['List', `kind: List\nitems:\n- kind: Pod\n  metadata:\n    name: cart\n  spec:\n    containers:\n    - name: app\n`],
];

describe('what makes pods is converted, and what is converted already stays as it is:', () => {
	for (const [kind, text] of kinds)
		test(kind, () => {
			const first = convert(text);
			assert.equal(first.pods.length, 1);
			assert.doesNotMatch(first.text, /!!/);
			assert.ok(first.pods[0]?.spec.initContainers.some(({ name }) => name === 'turnout'));
			const again = convert(first.text);
			assert.equal(again.text, first.text);
			assert.deepEqual(again.notices, []);
		});
});

describe('what the guide of 2019 wrote by hand is converted:', () => {
	test('turnout takes the route manager’s place, with its variables', () => {
		const { pod, variables } = convertedPod(chapterPod());
		assert.deepEqual(
			pod.spec.initContainers.map(({ name }) => name),
			['turnout', 'envoy'],
		);
		assert.deepEqual(variables, {
			...standard,
			APPMESH_APP_PORTS: '8080,22',
			APPMESH_START_ENABLED: '1',
			APPMESH_EGRESS_IGNORED_IP: '169.254.169.254',
		});
	});

	test('Envoy keeps its variables, its log level and whom it stands for, and asks AWS no more', () => {
		const { envoy, notices } = convertedPod(chapterPod(), { envoyImage: undefined, isNative: false });
		assert.deepEqual(variablesOf(envoy), {
			APPMESH_VIRTUAL_NODE_NAME: 'mesh/meshName/virtualNode/virtualNodeName',
			...{ ENVOY_LOG_LEVEL: 'info', AWS_REGION: 'us-west-2' },
		});
		assert.deepEqual(envoy['command'], ['/usr/bin/envoy']);
		assert.deepEqual(envoy['args'], ['--config-path', '/etc/envoy/envoy.json', '--log-level', 'info']);
		assert.match(envoy.image ?? '', /aws-appmesh-envoy:v1\.9\.1\.0-prod$/);
		assert.match(notices.join(), /--node mesh\/meshName\/virtualNode\/virtualNodeName$/);
	});

	test('another image of Envoy’s takes the place of AWS’s', () => {
		const { envoy } = convertedPod(chapterPod());
		assert.deepEqual([envoy.image, envoy['command']], ['envoy:1', undefined]);
	});

	test('init containers after the route manager reach Envoy, which they did not before', () => {
		const text = `${chapterPod()}    - name: late\n      image: l:1\n`;
		assert.deepEqual(
			convertedPod(text).pod.spec.initContainers.map(({ name }) => name),
			['turnout', 'envoy', 'late'],
		);
	});

	test('a variable that stands there without a value is as good as none', () => {
		const text = chapterPod().replace(/value: "(info|mesh\/.*|8080,22)"/g, 'value:');
		const { envoy, variables } = convertedPod(text);
		assert.deepEqual(envoy['args'], ['--config-path', '/etc/envoy/envoy.json']);
		assert.equal(variables['APPMESH_APP_PORTS'], '');
	});

	test('an Envoy of another user than the one that is ignored is refused', () => {
		assert.throws(() => convert(chapterPod().replace('runAsUser: 1337', 'runAsUser: 101')), {
			message: /Pod service: container envoy: its user is 101, but 1337 is the one that is ignored/,
		});
	});
});

describe('all else is passed on as it is written:', () => {
	const service =
		'# kept\napiVersion: v1\nkind:   Service\nmetadata: {name:   cart}\nspec:\n    ports: [ {port: 80} ]\n';

	test('other objects, comments and empty documents, to the letter', () => {
		const text = `# first\n---\n${service}---\n# nothing\n---   \n${service}`;
		assert.equal(convert(text).text, text);
	});

	test('of a file with pods all documents but theirs; and their comments stay', () => {
		const { text } = convert(`${service}---\n# the cart\n${deployment(annotated)}---\n${service}`);
		assert.ok(text.startsWith(`${service}---\n# the cart\n`));
		assert.ok(text.endsWith(`---\n${service}`));
		assert.match(text, /^ {10}image: cart:1 # as it was built$/m);
		assert.match(text, /^ {8}prometheus\.io\/scrape: "true"$/m);
	});

	test('JSON stays JSON', () => {
		const pod = { kind: 'Pod', metadata: { name: 'cart' }, spec: { containers: [{ name: 'app' }] } };
		const { text } = convert(JSON.stringify(pod));
		assert.equal(JSON.parse(text).spec.initContainers[0].name, 'turnout');
		assert.equal(convert(text).text, text);
	});

	test('aliases of what stays, also in an Envoy that is replaced', () => {
		const text = chapterPod()
			.replace('image: app:1\n', 'image: app:1\n      env: &all [{ name: A, value: b }]\n')
			.replace('- name: proxyinit', '- name: first\n      env: *all\n    - name: proxyinit')
			.replace(/env:\n {8}- name: "APPMESH_VIRT(.*\n){6}/, 'env: *all\n');
		const { text: printed, envoy } = convertedPod(text);
		assert.match(printed, /- name: first\n {6}env: \*all\n/);
		assert.deepEqual(variablesOf(envoy), { A: 'b' });
	});

	for (const [what, empty] of [
		['metadata', 'metadata:'],
		['annotations', 'metadata:\n      annotations: # none'],
	] as const)
		test(`${what} without anything get what is added`, () => {
			const text = deployment().replace(/( {4})metadata:\n(?: {6}.*\n)*/, `$1${empty}\n`);
			assert.ok(text.includes(`  template:\n    ${empty}\n    spec:`));
			assert.deepEqual(convertedPod(text).pod.metadata.annotations, {
				'appmesh.k8s.aws/sidecarInjectorWebhook': 'disabled',
			});
		});

	test('lists stay indented as they were', () => {
		assert.match(convert(kinds.at(-1)?.[1] ?? '').text, /^items:\n- kind: Pod\n {2}metadata:/m);
		assert.match(convert(chapterPod()).text, /^ {2}containers:\n {4}- name: app$/m);
	});
});
