import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotated, convertedPod, deployment } from '../../../support/manifests.ts';

type Pod = ReturnType<typeof convertedPod>;

const requests = { cpu: '10m', memory: '32Mi' };
const variable =
	(name: string) =>
	({ variables }: Pod) =>
		variables[name];
const resources = ({ envoy }: Pod) => envoy['resources'];
const mount = ({ envoy }: Pod) => envoy.volumeMounts?.slice(1);
const env = ({ envoy }: Pod) => envoy.env?.slice(1);

/** Each annotation that there is, and where its value is found. */
const honoured: readonly (readonly [name: string, value: string, of: (pod: Pod) => unknown, is: unknown])[] = [
	['ports', '8080,9000-9100', variable('APPMESH_APP_PORTS'), '8080,9000-9100'],
	['ports', '22', variable('APPMESH_APP_PORTS'), '22'],
	['egressIgnoredPorts', '22, 5432', variable('APPMESH_EGRESS_IGNORED_PORTS'), '22, 5432'],
	['egressIgnoredIPs', '10.0.0.0/8,fd00::/8', variable('APPMESH_EGRESS_IGNORED_IP'), '10.0.0.0/8,fd00::/8'],
	['ignoredUID', '1400', variable('APPMESH_IGNORE_UID'), '1400'],
	['ignoredUID', '1400', ({ envoy }) => envoy.securityContext, { runAsUser: 1400 }],
	['ignoredGID', '1400', variable('APPMESH_IGNORE_GID'), '1400'],
	['proxyIngressPort', '16000', variable('APPMESH_ENVOY_INGRESS_PORT'), '16000'],
	['proxyEgressPort', '16001', variable('APPMESH_ENVOY_EGRESS_PORT'), '16001'],
	['ipv6', 'disabled', variable('APPMESH_ENABLE_IPV6'), '0'],
	['cpuRequest', '100m', resources, { requests: { ...requests, cpu: '100m' } }],
	['memoryRequest', '64Mi', resources, { requests: { ...requests, memory: '64Mi' } }],
	['cpuLimit', '0.5', resources, { requests, limits: { cpu: '0.5' } }],
	['memoryLimit', '1Gi', resources, { requests, limits: { memory: '1Gi' } }],
	['secretMounts', 'tls:/certs', mount, [{ name: 'tls', mountPath: '/certs', readOnly: true }]],
	['secretMounts', 'tls:/certs', ({ pod }) => pod.spec.volumes.at(-1), { name: 'tls', secret: { secretName: 'tls' } }],
	[
		'volumeMounts',
		'logs : /var/log, ca:/ca',
		mount,
		[
			{ name: 'logs', mountPath: '/var/log', readOnly: true },
			{ name: 'ca', mountPath: '/ca', readOnly: true },
		],
	],
	[
		'sidecarEnv',
		'A=1, B=x=y',
		env,
		[
			{ name: 'A', value: '1' },
			{ name: 'B', value: 'x=y' },
		],
	],
	[
		'sidecarEnvJson',
		'[{"A":"1,2"},{"B":"3"}]',
		env,
		[
			{ name: 'A', value: '1,2' },
			{ name: 'B', value: '3' },
		],
	],
	['mesh', 'other', ({ envoy }) => envoy.env?.[0]?.value, 'mesh/other/virtualNode/cart'],
	['virtualNode', 'cart-v2', ({ envoy }) => envoy.env?.[0]?.value, 'mesh/shop/virtualNode/cart-v2'],
	['sidecarInjectorWebhook', 'Enabled', ({ turnout }) => turnout.name, 'turnout'],
];

const volumes =
	'      volumes:\n        - name: logs\n          emptyDir: {}\n        - name: ca\n          emptyDir: {}\n';

describe('an annotation of AWS’s injector is honoured:', () => {
	for (const [name, value, of, is] of honoured)
		test(`${name}: ${value}`, () => {
			assert.deepEqual(of(convertedPod(deployment({ ...annotated, [name]: value }, volumes))), is);
		});
});

const told: readonly (readonly [name: string, value: string, says: RegExp])[] = [
	['preview', 'enabled', /preview: "enabled": the preview channel has ended/],
	['appmeshCNI', 'enabled', /appmeshCNI: "enabled": turnout's container applies the rules, and needs NET_ADMIN/],
	['sds', 'on', /sds: "on": only "disabled" means anything; .*APPMESH_SDS_SOCKET_PATH/],
	['xrayAgentConfigMount', 'x:/tmp', /xrayAgentConfigMount: "x:\/tmp": no X-Ray daemon is added/],
	['sidecarEnv', 'ENABLE_ENVOY_STATS_TAGS=1', /ENABLE_ENVOY_STATS_TAGS: give turnout mesh render the same variables/],
	['sds', 'disabled', /^$/],
	['appmeshCNI', 'disabled', /^$/],
	...['disabled', 'false', '0'].map((value) => ['preview', value, /^$/] as const),
];

describe('an annotation with nothing to be honoured is told with what to do instead, where something is missing:', () => {
	for (const [name, value, says] of told)
		test(`${name}: ${value}`, () => {
			const { notices } = convertedPod(deployment({ ...annotated, [name]: value }));
			const others = notices.filter((notice) => !notice.includes('reads envoy.json'));
			assert.match(others.join('\n'), says);
		});

	test('one that stands on the Deployment and not on its pods', () => {
		const text = deployment(annotated).replace(
			'  name: cart\n',
			'  name: cart\n  annotations: { appmesh.k8s.aws/ports: "1" }\n',
		);
		assert.match(
			convertedPod(text).notices.join(),
			/appmesh\.k8s\.aws\/ports is the Deployment's own annotation; only those of its pods count/,
		);
	});
});

const refused: readonly (readonly [name: string, value: string, says: string])[] = [
	['ports', '70000', 'appPorts (pods.yaml:12, appmesh.k8s.aws/ports): "70000" '],
	['egressIgnoredIPs', 'nowhere', 'egressIgnoredIps (pods.yaml:14, appmesh.k8s.aws/egressIgnoredIPs): "nowhere" '],
	['ports', '15000', "15000 is ingressPort, one of Envoy's own ports"],
	['proxyEgressPort', '15000', '15000 is already used by ingressPort'],
	['ipv6', 'enabled', 'Deployment cart: appmesh.k8s.aws/ipv6: "enabled": allowed: disabled'],
	['cpuLimit', 'much', 'appmesh.k8s.aws/cpuLimit: "much": allowed: a quantity of Kubernetes'],
	['secretMounts', 'tls', 'appmesh.k8s.aws/secretMounts: "tls": allowed: NAME:/PATH'],
	['secretMounts', 'logs:/x', 'there is a volume "logs" already; mount it by appmesh.k8s.aws/volumeMounts'],
	['volumeMounts', 'absent:/x', 'there is no volume "absent"; known: logs, ca'],
	['sidecarEnv', 'A', 'appmesh.k8s.aws/sidecarEnv: "A": allowed: NAME=VALUE'],
	['sidecarEnvJson', '{"A":"1"}', 'appmesh.k8s.aws/sidecarEnvJson: "{\\"A\\":\\"1\\"}": allowed: [{"NAME":"VALUE"}]'],
	['sidecarEnvJson', '[{"A":1}]', 'allowed: [{"NAME":"VALUE"}], a list of objects with texts'],
	['sidecarEnvJson', '[', 'allowed: [{"NAME":"VALUE"}], a list of objects with texts'],
	['sidecarInjectorWebhook', 'yes', 'sidecarInjectorWebhook: "yes": allowed: enabled or disabled'],
	[
		'egressIgnoredPort',
		'22',
		'unknown annotation "appmesh.k8s.aws/egressIgnoredPort"; did you mean appmesh.k8s.aws/egressIgnoredPorts?',
	],
];

describe('an annotation that cannot be honoured is refused, with file, line, pod and value:', () => {
	for (const [name, value, says] of refused)
		test(`${name}: ${value}`, () => {
			assert.throws(
				() => convertedPod(deployment({ ...annotated, [name]: value }, volumes)),
				(error: Error) => error.message.includes(says) && error.message.includes('pods.yaml:1: Deployment cart: '),
			);
		});
});
