import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { segmentsOf } from '../../../src/mesh/path.ts';
import { guideResources } from '../../support/guide-mesh.ts';

type Fields = Record<string, unknown>;

/** The guide's mesh, with a value put into one of its resources, or taken out of it; all in one file. */
function mistakesOf(name: string, path: string, value: unknown): string[] {
	const resources = structuredClone(guideResources()) as Fields[];
	const keys = ['routeName', 'virtualNodeName', 'virtualServiceName'];
	const found = resources.find((resource) => keys.some((key) => resource[key] === name));
	assert.ok(found, name);
	const segments = segmentsOf(path);
	const last = segments.pop() ?? '';
	const inner = segments.reduce((outer, key) => outer[key] as Fields, found);
	if (value === undefined) delete inner[last];
	else inner[last] = value;
	return toldOf(JSON.stringify(resources, null, 1));
}

const toldOf = (text: string): string[] =>
	loadMesh([{ path: 'mesh.json', text }]).errors.map(({ path, why, hint }) => `${path}: ${why}; ${hint}`);

const mapping = 'spec.listeners[0].portMapping';
const targets = 'spec.httpRoute.action.weightedTargets';
const tcpRoute = { action: { weightedTargets: [{ virtualNode: 'serviceB', weight: 1 }] } };
const service = 'serviceB.simpleapp.local';

type Row = readonly [what: string, told: RegExp, name: string, path: string, value: unknown];
const table: readonly Row[] = [
	[
		'an unknown field',
		/^spec\.listner: unknown field "listner"; did you mean listeners\?/,
		'serviceB',
		'spec.listner',
		[],
	],
	[
		'a port out of bounds',
		/^spec\.listeners\[0\]\.portMapping\.port: 70000 is out of bounds; from 1 to 65535$/,
		'serviceB',
		`${mapping}.port`,
		70_000,
	],
	['a port as text', /portMapping\.port: "80" is not a whole number; $/, 'serviceB', `${mapping}.port`, '80'],
	[
		'an unknown protocol',
		/unknown value "https"; one of http, tcp, http2, grpc$/,
		'serviceB',
		`${mapping}.protocol`,
		'https',
	],
	[
		'a union with two',
		/^spec\.provider: exactly one field is needed, but virtualRouter and virtualNode are there; one of virtualNode, virtualRouter$/,
		service,
		'spec.provider.virtualNode',
		{ virtualNodeName: 'serviceB' },
	],
	[
		'a union with none',
		/^spec\.provider: exactly one field is needed, but none is there/,
		service,
		'spec.provider',
		{},
	],
	[
		'a required field that is missing',
		/weightedTargets\[0\]: "weight" is missing; $/,
		'serviceB-route',
		`${targets}[0].weight`,
		undefined,
	],
	[
		'more than ten targets',
		/weightedTargets: it has 11 items; from 1 to 10 items$/,
		'serviceB-route',
		targets,
		Array(11).fill({ virtualNode: 'serviceB', weight: 1 }),
	],
	[
		'a target that no node is',
		/^spec\.httpRoute\.action\.weightedTargets\[0\]\.virtualNode: no virtualNode is called "serviceBv3"; did you mean "serviceBv2"\?$/,
		'serviceB-route',
		`${targets}[0].virtualNode`,
		'serviceBv3',
	],
	[
		'weights that add up to nothing',
		/weightedTargets: the weights add up to 0; /,
		'serviceB-route',
		targets,
		[{ virtualNode: 'serviceB', weight: 0 }],
	],
	[
		'a route of another protocol than its router',
		/^spec\.tcpRoute: tcpRoute does not fit virtual router "serviceB", which has http; .*#82/,
		'serviceB-route',
		'spec',
		{ tcpRoute },
	],
	[
		'two kinds of route at once',
		/^spec: exactly one kind of route is needed/,
		'serviceB-route',
		'spec.tcpRoute',
		tcpRoute,
	],
	[
		'a target that cannot be found',
		/virtual node "serviceB" has no serviceDiscovery/,
		'serviceB',
		'spec.serviceDiscovery',
		undefined,
	],
];

describe('a mistake in the definitions is told with its path, what is wrong and what is allowed', () => {
	for (const [what, told, name, path, value] of table)
		test(what, () => {
			const found = mistakesOf(name, path, value);
			assert.ok(
				found.some((each) => told.test(each)),
				found.join('\n'),
			);
		});

	test('a resource that stands twice, with where the first is', () => {
		const [mesh] = guideResources();
		const [told = ''] = toldOf(JSON.stringify([mesh, mesh], null, 1));
		assert.match(told, /^: mesh undefined stands twice|^: mesh .* stands twice; it is also at mesh\.json:2$/);
	});

	test('a key that stands twice', () => {
		assert.match(toldOf('{"meshName": "a", "meshName": "b"}').join(), /^meshName: the key "meshName" stands twice/);
	});

	test('something that is no definition', () => {
		assert.match(
			toldOf('{"hello": "world"}').join(),
			/^: these are no definitions of App Mesh; known formats: .*CLI JSON/,
		);
		assert.match(toldOf('').join(), /^: the file is empty/);
	});
});

test("the guide's two broken examples are told with the brace that is not closed", () => {
	const service =
		'{\n "meshName": "simpleapp",\n "spec": {\n  "provider": {"virtualRouter": {"virtualRouterName": "serviceB"}},\n "virtualServiceName": "serviceB.simpleapp.local"\n}\n';
	const route =
		'{\n "meshName": "simpleapp",\n "routeName": "serviceB",\n "spec": {\n  "httpRoute": {"match": {"prefix": "/"}}\n "virtualRouterName": "serviceB"\n}\n';
	for (const [text, line, hint] of [
		[service, 7, /^a closing \} is missing before line 5 for the \{ of line 3, or a \} is missing$/],
		[route, 6, /^a closing \} is missing before line 6 for the \{ of line 4, or a comma is missing$/],
		[service.replaceAll(/^ +/gm, ''), 7, /^the \{ of line 1 is not closed before, or a \} is missing$/],
	] as const) {
		const [error] = loadMesh([{ path: 'guide.json', text }]).errors;
		assert.equal(error?.line, line, JSON.stringify(error));
		assert.match(error?.hint ?? '', hint);
	}
});
