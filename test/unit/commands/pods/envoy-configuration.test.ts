import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { podOptions } from '../../../../src/commands/convert/pod-options.ts';
import { readDefinitions } from '../../../../src/host/files/definitions.ts';
import { createScratch } from '../../../lab/net/scratch.ts';
import { annotated, chapterPod, convert, convertedPod, deployment, virtualNode } from '../../../support/manifests.ts';

const given = ({ definitions, ...options }: Readonly<Record<string, string>>) =>
	podOptions({ mesh: 'shop', ...options }, definitions === undefined ? undefined : readDefinitions([definitions]));

interface ConfigMap {
	readonly kind: string;
	readonly metadata: object;
	readonly data: Readonly<Record<string, string>>;
}

/** Of the ConfigMap that stands before the pods. */
const bootstrapIn = ([map]: readonly unknown[]) => {
	const { kind, metadata, data } = map as ConfigMap;
	assert.equal(kind, 'ConfigMap');
	return { metadata, bootstrap: JSON.parse(data['envoy.json'] ?? '') };
};
interface Listener {
	readonly address?: Address;
	readonly additionalAddresses?: readonly object[];
	readonly additional_addresses?: readonly object[];
}

interface Address {
	readonly socketAddress?: { readonly portValue: number };
	readonly socket_address?: { readonly port_value: number };
}

/** Each with the number of its addresses. */
const ports = ({ bootstrap }: ReturnType<typeof bootstrapIn>): readonly (readonly [number | undefined, number])[] =>
	bootstrap.staticResources.listeners.map(({ address, additionalAddresses, additional_addresses }: Listener) => [
		address?.socketAddress?.portValue ?? address?.socket_address?.port_value,
		1 + (additionalAddresses ?? additional_addresses ?? []).length,
	]);

/** The definitions, in a file of their own. */
function withDefinitions<T>(text: string, act: (path: string) => T): T {
	using scratch = createScratch('definitions');
	const path = join(scratch.path, 'mesh.yaml');
	writeFileSync(path, text);
	return act(path);
}

const mesh = `apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: { name: shop }
spec: { egressFilter: { type: ALLOW_ALL } }
---
${virtualNode('{ matchLabels: { app: cart } }', '  serviceDiscovery: { dns: { hostname: cart.local } }\n')}`;

describe('Envoy’s configuration', () => {
	test('is a ConfigMap of what the definitions say, and answers probes, on both families', () => {
		withDefinitions(mesh, (path) => {
			const { objects, notices } = convert(deployment(), given({ definitions: path }));
			const found = bootstrapIn(objects);
			assert.deepEqual(found.metadata, { name: 'cart-envoy' });
			assert.equal(found.bootstrap.node.id, 'mesh/shop/virtualNode/cart_default');
			assert.deepEqual(found.bootstrap.admin.address.pipe, { path: '/tmp/envoy_admin.socket' });
			assert.deepEqual(ports(found), [
				[15000, 2],
				[15001, 2],
				[9901, 2],
			]);
			assert.deepEqual(notices, []);
		});
	});

	test('is of the pod’s namespace, its proxy’s ports and its variables', () => {
		withDefinitions(mesh, (path) => {
			const annotations = { proxyIngressPort: '16000', sidecarEnv: 'ENABLE_ENVOY_XRAY_TRACING=1' };
			const text = deployment(annotations).replace('  name: cart\n', '  name: cart\n  namespace: default\n');
			const found = bootstrapIn(convert(text, given({ definitions: path })).objects);
			assert.deepEqual(found.metadata, { name: 'cart-envoy', namespace: 'default' });
			assert.deepEqual(ports(found)[0], [16000, 2]);
			assert.match(JSON.stringify(found.bootstrap.tracing), /xray/);
		});
	});

	test('is refused where it depends on a file in the pod', () => {
		withDefinitions(mesh, (path) => {
			assert.throws(
				() => convert(deployment({ sidecarEnv: 'ENVOY_TRACING_CFG_FILE=/tracing.yaml' }), given({ definitions: path })),
				{ code: 'config', message: /ConfigMap of Deployment cart: ENVOY_TRACING_CFG_FILE: what is in the pod's file/ },
			);
		});
	});

	test('is refused where the definitions have no such node, or mistakes', () => {
		withDefinitions(mesh, (path) => {
			const unknown = deployment({ virtualNode: 'till' });
			assert.throws(
				() => convert(unknown, given({ definitions: path })),
				/virtual node "till": there is none of this name/,
			);
		});
		withDefinitions(mesh.replace('port: 9080', 'port: 0'), (path) => {
			assert.throws(() => convert(deployment(annotated), given({ definitions: path })), /mesh\.yaml:\d+: .*port/);
		});
	});

	test('comes over a socket of the node, whose folder is mounted', () => {
		const sidecarEnv = 'ENABLE_ENVOY_JAEGER_TRACING=1';
		const { objects, pod, envoy } = convertedPod(
			deployment({ ...annotated, sidecarEnv }),
			given({ 'ads-socket': '/run/mesh/ads/socket' }),
		);
		const { bootstrap } = bootstrapIn(objects);
		assert.equal(bootstrap.node.id, 'mesh/shop/virtualNode/cart');
		assert.match(JSON.stringify(bootstrap.tracing), /zipkin/);
		assert.match(JSON.stringify(bootstrap.staticResources.clusters[0]), /"path":"\/run\/mesh\/ads\/socket"/);
		assert.deepEqual(pod.spec.volumes.at(-1), {
			name: 'envoy-ads',
			hostPath: { path: '/run/mesh/ads', type: 'Directory' },
		});
		assert.deepEqual(envoy.volumeMounts?.at(-1), { name: 'envoy-ads', mountPath: '/run/mesh/ads', readOnly: true });
	});

	test('stays as it is where it is there already', () => {
		withDefinitions(mesh, (path) => {
			const first = convert(deployment(), given({ definitions: path })).text;
			assert.equal(convert(first, given({ definitions: path })).text, first);
		});
	});
});

describe('what an Envoy that is replaced did by its variables', () => {
	const withVariables = (...variables: readonly string[]) =>
		chapterPod('mesh/shop/virtualNode/cart_default').replace(
			/ {8}- name: "ENVOY_LOG_LEVEL"\n/,
			(first) => `${variables.map((each) => `        - ${each}\n`).join('')}${first}`,
		);
	const xray = withVariables('{ name: ENABLE_ENVOY_XRAY_TRACING, value: "1" }');

	test('stands in its configuration', () => {
		withDefinitions(mesh, (path) => {
			const { objects, notices } = convert(xray, given({ definitions: path }));
			assert.match(JSON.stringify(bootstrapIn(objects).bootstrap.tracing), /xray/);
			assert.deepEqual(notices, []);
		});
		const named = withVariables('{ name: APPMESH_RESOURCE_CLUSTER, value: tills }');
		const { objects } = convert(named, given({ 'ads-socket': '/run/mesh/ads/socket' }));
		assert.equal(bootstrapIn(objects).bootstrap.node.cluster, 'tills');
	});

	test('is to be said where that is made elsewhere', () => {
		assert.match(
			convert(xray).notices.join(),
			/Pod service: ENABLE_ENVOY_XRAY_TRACING: give turnout mesh render the same variables/,
		);
	});

	test('counts before what an annotation asks for, as in the container', () => {
		const text = xray.replace(
			'  name: service\n',
			'  name: service\n  annotations: { appmesh.k8s.aws/sidecarEnv: "ENABLE_ENVOY_XRAY_TRACING=0" }\n',
		);
		const { objects } = convert(text, given({ 'ads-socket': '/run/mesh/ads/socket' }));
		assert.match(JSON.stringify(bootstrapIn(objects).bootstrap.tracing), /xray/);
	});

	test('are arguments of the new one too, where its image’s agent made them of these', () => {
		const { envoy } = convertedPod(
			withVariables('{ name: ENVOY_CONCURRENCY, value: "2" }', '{ name: ENVOY_SKIP_DEPRECATED_LOGS, value: "1" }'),
		);
		assert.deepEqual(envoy['args'], [
			...['--config-path', '/etc/envoy/envoy.json', '--log-level', 'info'],
			...['--concurrency', '2', '--skip-deprecated-logs'],
		]);
	});

	test('is told where its value is not known here', () => {
		for (const value of ['valueFrom: { configMapKeyRef: { name: x, key: y } }', 'value: $(PORT)']) {
			const { notices } = convert(
				withVariables(`{ name: XRAY_DAEMON_PORT, ${value} }`),
				given({ 'ads-socket': '/run/mesh/ads/socket' }),
			);
			assert.match(
				notices.join(),
				/Pod service: container envoy: the value of XRAY_DAEMON_PORT is not known here, nor in its configuration; write it out$/,
			);
		}
	});
});

describe('two workloads of one name share a ConfigMap', () => {
	const both = (other: string, namespace = '') =>
		`${deployment({ virtualNode: 'cart' })}---\n${deployment({ virtualNode: other }).replace('Deployment', 'StatefulSet').replace('  name: cart\n', `  name: cart\n${namespace}`)}`;
	const maps = (text: string) =>
		convert(text, given({ 'ads-socket': '/run/mesh/ads/socket' })).objects.filter(({ kind }) => kind === 'ConfigMap');

	test('where their Envoys have the same configuration', () => {
		assert.equal(maps(both('cart')).length, 1);
	});

	test('and are refused where it differs', () => {
		assert.throws(() => maps(both('till')), {
			code: 'config',
			message:
				/1 mistake:\n {2}pods\.yaml:\d+: StatefulSet cart: the ConfigMap cart-envoy is that of Deployment cart, whose Envoy is configured otherwise; allowed: a name for each/,
		});
	});

	test('but not over namespaces', () => {
		assert.equal(maps(both('till', '  namespace: other\n')).length, 2);
	});
});

describe('a virtual gateway’s pod', () => {
	const gateway = virtualNode('{ matchLabels: { app: cart } }').replace('kind: VirtualNode', 'kind: VirtualGateway');
	const pod = (annotations: Readonly<Record<string, string>> = {}) =>
		`${deployment(annotations).replace('- name: app', '- name: envoy')}---\n${gateway}`;

	test('gets the configuration, and nothing is captured', () => {
		const { pods, notices } = convert(pod());
		assert.deepEqual(Object.keys(pods[0]?.spec ?? {}), ['containers', 'volumes']);
		const [envoy] = pods[0]?.spec.containers ?? [];
		assert.deepEqual([envoy?.image, envoy?.securityContext], ['envoy:1', undefined]);
		assert.match(notices.join(), /--node mesh\/shop\/virtualGateway\/cart_default$/);
	});

	test('keeps its image if it asks for that', () => {
		const [envoy] = convert(pod({ virtualGatewaySkipImageOverride: 'enabled' })).pods[0]?.spec.containers ?? [];
		assert.equal(envoy?.image, 'cart:1');
	});
});

describe('options of the command line are checked:', () => {
	for (const [name, value, says] of [
		['sidecar', 'none', /--sidecar takes native or container, not "none"/],
		['ads-socket', 'socket', /--ads-socket takes an absolute path, not "socket"/],
		['parameters', 'x', /--parameters takes NAME=VALUE/],
	] as const)
		test(name, () => assert.throws(() => given({ [name]: value }), { code: 'usage', message: says }));
});

describe('what is to be known is told:', () => {
	test('a container whose connections are not captured', () => {
		const text = deployment(annotated, '          securityContext: { runAsUser: 1337 }\n');
		assert.match(
			convert(text).notices.join('\n'),
			/container app runs as user 1337, whose connections are not captured/,
		);
	});

	test('a Job that would never end, unless Envoy is a native sidecar', () => {
		const job = deployment(annotated).replace('Deployment', 'Job');
		assert.match(
			convert(job, { isNative: false }).notices.join('\n'),
			/Job cart: it never completes, as its Envoy goes on/,
		);
		assert.doesNotMatch(convert(job).notices.join('\n'), /completes/);
	});

	test('nothing of the guide’s own pod but where its configuration belongs', () => {
		assert.equal(convert(chapterPod()).notices.length, 1);
	});
});
