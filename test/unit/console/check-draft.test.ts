import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDraft, specText } from '../../../src/console/check-draft.ts';
import type { ShownResource } from '../../../src/mesh/console-protocol.ts';
import type { Resource, ResourceKey } from '../../../src/mesh/resource.ts';
import { apiResources } from '../../support/api-resources.ts';
import { everyField } from '../../support/every-field.ts';
import { serveApi } from '../../support/served-api.ts';
import { guideShown } from '../../support/shown-mesh.ts';

const all = guideShown();
const route: ResourceKey = { kind: 'route', mesh: 'simpleapp', parent: 'serviceB', name: 'serviceB-route' };
const node: ResourceKey = { kind: 'virtualNode', mesh: 'simpleapp', parent: '', name: 'serviceB' };
const told = (text: string, key: ResourceKey = node) =>
	checkDraft(text, key, all).mistakes.map(({ line, path, why }) => `${line} ${path}: ${why}`);

test('each mistake is told with the line that it stands in, in YAML and in JSON', () => {
	assert.deepEqual(told('listeners:\n  - portMapping:\n      port: 70000\n      protocol: htp\n'), [
		'3 spec.listeners[0].portMapping.port: 70000 is out of bounds',
		'4 spec.listeners[0].portMapping.protocol: unknown value "htp"',
	]);
	assert.deepEqual(told('{\n"listener": []\n}'), ['2 spec.listener: unknown field "listener"']);
	assert.match(told('listeners: [')[0] ?? '', /^\d+ : invalid YAML/);
	assert.match(told('a: 1\n---\nb: 2\n')[0] ?? '', /^3 : a second document begins/);
	assert.deepEqual(told('- 1'), ['1 : it is not an object']);
});

test('what is named and not there is told, with the nearest name', () => {
	const text =
		'httpRoute:\n  match:\n    prefix: /\n  action:\n    weightedTargets:\n      - virtualNode: servicB\n        weight: 1\n';
	const [mistake, ...more] = checkDraft(text, route, all).mistakes;
	assert.equal(more.length, 0);
	assert.deepEqual([mistake?.line, mistake?.why], [6, 'no virtualNode is called "servicB"']);
	assert.match(mistake?.hint ?? '', /did you mean "serviceB"/);
});

test('what others then do not fit is told, and is no mistake', () => {
	const { mistakes, others } = checkDraft('listeners:\n  - portMapping: { port: 80, protocol: http }\n', node, all);
	assert.deepEqual(mistakes, []);
	assert.match(
		others.map(({ file, why }) => `${file}: ${why}`).join(),
		/route serviceB\/serviceB-route: .*no serviceDiscovery/,
	);
});

test('an empty text is an empty spec', () => {
	assert.deepEqual(checkDraft('  \n', { kind: 'mesh', mesh: 'm', parent: '', name: 'm' }, []).spec, {});
});

test('what is shown of a spec means the same when it is read again', () => {
	for (const each of everyField()) {
		const { spec } = each as { readonly spec: object };
		for (const syntax of ['YAML', 'JSON'] as const) {
			const read = checkDraft(specText(spec, syntax), node, []).spec;
			assert.equal(specText(read ?? {}, 'JSON'), specText(spec, 'JSON'));
		}
	}
});

test('the page finds a mistake where the API refuses it, and none where the API takes it', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	for (const { kind, collection, name, spec } of apiResources.slice(1)) {
		const key = { kind, mesh: 'm', parent: '', name };
		for (const text of [JSON.stringify(spec), JSON.stringify({ ...spec, listeners: 1 }), '{"priority": "high"}']) {
			const known = (await api.store.list()).entries.map(({ resource, ...more }) => shown(resource, more));
			const { mistakes } = checkDraft(text, { ...key, parent: parentIn(collection) }, known);
			const parsed = JSON.parse(text);
			const { status, message } = await api.ask('PUT', collection, { [`${kind}Name`]: name, spec: parsed });
			assert.equal(mistakes.length === 0, status === 200, `${kind} ${text}: ${message}`);
			if (status === 200) await api.ask('DELETE', `${collection}/${name}`);
			for (const { why } of mistakes) assert.ok(message.includes(why), `${message} has ${why}`);
		}
		await api.ask('PUT', collection, { [`${kind}Name`]: name, spec });
	}
});

const parentIn = (collection: string): string => /virtual(?:Router|Gateway)\/(\w+)\//.exec(collection)?.[1] ?? '';

const shown = (
	{ kind, mesh, parent, name, spec }: Resource,
	{ revision }: { readonly revision: string },
): ShownResource => ({
	...{ kind, mesh, parent, name, spec, revision, tags: [], version: 1, arn: '', uid: '', createdAt: '', updatedAt: '' },
});
