import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInOrder, type Progress } from '../../../src/console/make-in-order.ts';
import { CallFailure, type Change } from '../../../src/console/server-calls.ts';
import { emptyForm, type WizardForm, wizardFields } from '../../../src/console/wizard-fields.ts';
import { draftsOf, formMistakes, restoredForm } from '../../../src/console/wizard-form.ts';
import { guideShown } from '../../support/shown-mesh.ts';

const filled: WizardForm = {
	...emptyForm,
	...{ mesh: 'simpleapp', service: 'serviceB.simpleapp.local', node: 'serviceB', hostname: 'serviceb.simpleapp.local' },
	...{ router: 'serviceB', route: 'serviceB-route' },
};
const fields = (form: WizardForm, step: 1 | 2 | 3 | 4) => formMistakes(form, step).map(({ field }) => field);

test('what is asked at first is enough for one of each, and comes out as the guide has it', () => {
	assert.deepEqual(formMistakes(filled, 4), []);
	const drafts = draftsOf(filled);
	assert.deepEqual(
		drafts.map(({ key }) => key.kind),
		['mesh', 'virtualNode', 'virtualRouter', 'route', 'virtualService'],
	);
	for (const { key, spec } of drafts.filter(({ key }) => key.kind !== 'route')) {
		const guide = guideShown().find((each) => each.kind === key.kind && each.name === key.name);
		assert.equal(JSON.stringify(spec), JSON.stringify(guide?.spec), key.kind);
	}
});

test('each field tells its own mistakes, when its step is left', () => {
	assert.deepEqual(fields(emptyForm, 1), ['mesh', 'service']);
	assert.deepEqual(fields({ ...filled, node: '', hostname: '', port: 'http' }, 1), []);
	assert.deepEqual(fields({ ...filled, node: '', hostname: '', port: 'http' }, 2), ['node', 'port', 'hostname']);
	assert.deepEqual(fields({ ...filled, hasHealthCheck: true, healthyThreshold: '1', healthPath: 'x' }, 2), [
		'healthyThreshold',
	]);
	assert.deepEqual(fields({ ...filled, hasHealthCheck: true, healthPath: 'x' }, 2), ['healthPath']);
	assert.deepEqual(fields({ ...filled, weight: '101' }, 3), ['weight']);
	assert.deepEqual(fields({ ...filled, prefix: 'metrics' }, 3), ['prefix']);
});

test('every protocol, discovery and health check that can be chosen makes what is taken', () => {
	for (const type of ['http', 'http2', 'grpc', 'tcp'] as const)
		for (const hasHealthCheck of [true, false]) {
			const form: WizardForm = {
				...filled,
				protocol: type,
				routerProtocol: type,
				routeType: type,
				hasHealthCheck,
				healthProtocol: 'tcp',
			};
			assert.deepEqual(formMistakes(form, 4), [], type);
		}
});

test('each field is asked in a step of its own kind, once', () => {
	assert.deepEqual(wizardFields.map(({ id }) => id).toSorted(), Object.keys(emptyForm).toSorted());
});

test('what was kept of a form of another time is taken as far as it fits', () => {
	assert.deepEqual(restoredForm({ mesh: 'm', port: 80, hasListener: 'x', other: 1 }), { ...emptyForm, mesh: 'm' });
	for (const kept of [undefined, null, 'x', [], 1]) assert.deepEqual(restoredForm(kept), emptyForm);
});

test('a failure in the middle is told, and what was made before it is not made again', async () => {
	const there: Change[] = [];
	const broken = { kind: 'route' };
	const server = {
		async change(change: Change) {
			if (change.verb !== 'create') return;
			if (change.key.kind === broken.kind)
				throw new CallFailure(503, 'ServiceUnavailableException', 'the disk is full');
			if (there.some((each) => 'key' in each && each.key.kind === change.key.kind))
				throw new CallFailure(409, 'ConflictException', 'it is there already');
			there.push(change);
		},
		resources: async () => ({
			...{ hidden: 0, unread: [], tag: '' },
			resources: there.flatMap((each) =>
				each.verb === 'create'
					? [
							{
								...each.key,
								spec: each.spec as object,
								arn: '',
								uid: '',
								version: 1,
								createdAt: '',
								updatedAt: '',
								tags: [],
								revision: '',
							},
						]
					: [],
			),
		}),
	};
	const run = async (form: WizardForm) => {
		const progress: Progress[] = [];
		const isDone = await makeInOrder(draftsOf(form), server, (at, now) => {
			progress[at] = now;
		});
		return { isDone, states: progress.map(({ state }) => state), last: progress.at(-1) };
	};
	const first = await run(filled);
	assert.deepEqual(first.states, ['made', 'made', 'made', 'failed']);
	assert.deepEqual(first.last, { state: 'failed', why: 'the disk is full' });
	broken.kind = '';
	const second = await run(filled);
	assert.equal(second.isDone, true);
	assert.deepEqual(second.states, ['found', 'found', 'found', 'made', 'made']);
	const other = await run({ ...filled, port: '8080' });
	assert.deepEqual(other.states, ['found', 'failed']);
});
