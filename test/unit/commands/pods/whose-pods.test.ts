import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotated, convert, convertedPod, deployment, virtualNode } from '../../../support/manifests.ts';

const together = (...documents: readonly string[]) => documents.join('---\n');
const namespaceWith = (label: string) =>
	`kind: Namespace\nmetadata:\n  name: default\n  labels: { appmesh.k8s.aws/sidecarInjectorWebhook: ${label} }\n`;

const selectors: readonly (readonly [selector: string, isSelected: boolean])[] = [
	['{ matchLabels: { app: cart } }', true],
	['{ matchLabels: { app: cart, tier: back } }', false],
	['{ matchLabels: { app: other } }', false],
	['{ matchExpressions: [{ key: app, operator: In, values: [cart, other] }] }', true],
	['{ matchExpressions: [{ key: app, operator: In, values: [other] }] }', false],
	['{ matchExpressions: [{ key: app, operator: NotIn, values: [cart] }] }', false],
	['{ matchExpressions: [{ key: tier, operator: NotIn, values: [back] }] }', true],
	['{ matchExpressions: [{ key: app, operator: Exists }] }', true],
	['{ matchExpressions: [{ key: tier, operator: Exists }] }', false],
	['{ matchExpressions: [{ key: tier, operator: DoesNotExist }] }', true],
	['{ matchExpressions: [{ key: app, operator: DoesNotExist }] }', false],
	['{ matchExpressions: [{ key: app, operator: Unlike }] }', false],
	['{}', true],
	['null', false],
];

describe('a pod stands for the VirtualNode that selects it, and for its listeners’ ports:', () => {
	for (const [selector, isSelected] of selectors)
		test(`podSelector ${selector} ${isSelected ? 'selects' : 'does not select'} it`, () => {
			// Another one is there, so that a pod that none selects is none of the mesh.
			const other = virtualNode('{ matchLabels: { app: absent } }').replace('name: cart', 'name: absent');
			const { pods, notices } = convert(together(deployment(), virtualNode(selector), other));
			const [turnout, envoy] = pods[0]?.spec.initContainers ?? [];
			assert.equal(turnout?.name, isSelected ? 'turnout' : undefined);
			if (isSelected) {
				assert.equal(turnout?.env?.find(({ name }) => name === 'APPMESH_APP_PORTS')?.value, '9080,9443');
				assert.equal(envoy?.env?.[0]?.value, 'mesh/shop/virtualNode/cart_default');
			} else
				assert.match(notices.join(), /Deployment cart: stays as it is: no VirtualNode or VirtualGateway selects it/);
		});

	test('also where the node is among the definitions, and has a name and a mesh of its own', () => {
		const text = virtualNode('{}', '  awsName: till\n  meshRef: { name: other, uid: x }\n');
		const { envoy } = convertedPod(deployment(), { definitions: [{ path: 'mesh.yaml', text }], mesh: '' });
		assert.equal(envoy.env?.[0]?.value, 'mesh/other/virtualNode/till');
	});

	test('the mesh is the only one that is there', () => {
		const mesh = 'kind: Mesh\napiVersion: appmesh.k8s.aws/v1beta2\nmetadata: { name: only }\nspec: { awsName: real }\n';
		const { objects } = convert(together(mesh, deployment(annotated)), { mesh: '' });
		assert.match(JSON.stringify(objects), /"mesh\/real\/virtualNode\/cart"/);
	});

	test('or the one that its node refers to, by the name that App Mesh knows', () => {
		const mesh = (name: string, spec: string) =>
			`kind: Mesh\napiVersion: appmesh.k8s.aws/v1beta2\nmetadata: { name: ${name}, uid: x }\nspec: ${spec}\n`;
		const node = virtualNode('{}', '  meshRef: { name: global, uid: x }\n');
		const files = together(mesh('global', '{ awsName: real }'), mesh('other', '{}'));
		const definitions = [{ path: 'mesh.yaml', text: together(files, node) }];
		const { envoy } = convertedPod(deployment(), { definitions, mesh: '' });
		assert.equal(envoy.env?.[0]?.value, 'mesh/real/virtualNode/cart_default');
	});

	test('a node of another namespace is none of its', () => {
		const other = virtualNode('{}').replace('name: cart', 'name: cart\n  namespace: other');
		assert.match(convert(together(deployment(), other)).notices.join(), /stays as it is/);
		assert.equal(convert(together(deployment(), other), { namespace: 'other' }).notices.length, 1);
	});

	test('two that select it are refused', () => {
		const twice = together(deployment(), virtualNode('{}'), virtualNode('{}').replace('name: cart', 'name: till'));
		assert.throws(
			() => convert(twice),
			/Deployment cart: it is selected by cart_default and till_default; allowed: one/,
		);
	});
});

describe('which pods are converted:', () => {
	const rows: readonly (readonly [what: string, text: string, isConverted: boolean])[] = [
		['one that says nothing, with no VirtualNode in sight', deployment(), true],
		["one of the node's own network, which asks for nothing", deployment({}, '      hostNetwork: true\n'), false],
		['one that is disabled', deployment({ sidecarInjectorWebhook: 'disabled' }), false],
		['one of a namespace that is disabled', together(namespaceWith('disabled'), deployment()), false],
		[
			'one that is enabled in such',
			together(namespaceWith('disabled'), deployment({ sidecarInjectorWebhook: 'enabled' })),
			true,
		],
		[
			'one that is disabled in a namespace that is enabled',
			together(namespaceWith('enabled'), deployment({ sidecarInjectorWebhook: 'disabled' })),
			false,
		],
		[
			'one that names its node, though no VirtualNode selects it',
			together(virtualNode('{ matchLabels: { a: b } }'), deployment(annotated)),
			true,
		],
	];
	for (const [what, text, isConverted] of rows)
		test(what, () => {
			const { text: printed, notices } = convert(text);
			assert.equal(printed !== text, isConverted);
			assert.equal(/stays as it is: /.test(notices.join()), !isConverted);
		});

	test('one that is enabled, but that no VirtualNode selects, is refused as the injector refused it', () => {
		const text = together(virtualNode('{ matchLabels: { a: b } }'), deployment({ sidecarInjectorWebhook: 'enabled' }));
		assert.throws(
			() => convert(text),
			/sidecarInjectorWebhook is enabled, but no VirtualNode or VirtualGateway selects it/,
		);
	});
});

describe('what nothing says:', () => {
	test('the node has the name that the injector of 2019 gave it, which is told', () => {
		const { envoy, notices } = convertedPod(deployment());
		assert.equal(envoy.env?.[0]?.value, 'mesh/shop/virtualNode/cart-default');
		assert.match(
			notices.join(),
			/nothing names its virtual node, which may be "cart-default": say it by appmesh\.k8s\.aws\/virtualNode/,
		);
	});

	test('app ports are those of the containers, without UDP', () => {
		const udp =
			'            - { containerPort: 53, protocol: UDP }\n            - { containerPort: 9090, protocol: TCP }\n';
		assert.equal(convertedPod(deployment({}, udp)).variables['APPMESH_APP_PORTS'], '8080,9090');
	});

	test('without any, inbound connections are not captured, which is told', () => {
		const { variables, notices } = convertedPod(
			deployment(annotated)
				.replace(/ +ports:\n.*\n/, '')
				.replace(/.*\/ports.*\n/, ''),
		);
		assert.equal(variables['APPMESH_APP_PORTS'], '');
		assert.match(notices.join(), /inbound connections are not captured: no ports are known/);
	});

	test('which mesh: refused', () => {
		assert.throws(
			() => convert(deployment(annotated), { mesh: '' }),
			/which mesh is it in\? Say it by appmesh\.k8s\.aws\/mesh, or by --mesh/,
		);
	});
});
