import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate, simulationJson, simulationText } from '../../../../src/control/access/simulate.ts';
import { AN_ACCOUNT, soundPolicy } from '../../../support/policies.ts';
import { keysOf } from '../../../support/signed-call.ts';

const secretAccessKey = 's'.repeat(40);
const reader = soundPolicy(
	{ Sid: 'Look', Effect: 'Allow', Action: ['appmesh:Describe*', 'appmesh:List*'], Resource: '*' },
	'Reader',
);
const careful = soundPolicy(
	[
		{ Effect: 'Allow', Action: 'appmesh:*', Resource: '*' },
		{ Effect: 'Deny', Action: 'appmesh:Delete*', Resource: '*' },
	],
	'Careful',
);
const keys = keysOf(
	{ accessKeyId: 'A', secretAccessKey, policies: [reader] },
	{ accessKeyId: 'B', secretAccessKey, policies: [careful] },
);
const resource = `${AN_ACCOUNT}:mesh/simpleapp`;

test('who may do what is told with the statement that decides', () => {
	const rows = simulate(keys, { actions: ['appmesh:DescribeMesh', 'appmesh:DeleteMesh'], resource });
	assert.equal(
		simulationText(rows),
		[
			`user of A (A) may appmesh:DescribeMesh on ${resource}: statement 1 (Look) of policy Reader allows it`,
			`user of A (A) may not appmesh:DeleteMesh on ${resource}: no statement allows it`,
			`user of B (B) may appmesh:DescribeMesh on ${resource}: statement 1 of policy Careful allows it`,
			`user of B (B) may not appmesh:DeleteMesh on ${resource}: statement 2 of policy Careful denies it`,
			'',
		].join('\n'),
	);
});

test('one user alone, as JSON in the words of IAM', () => {
	const rows = simulate(keys, { user: 'user of B', actions: ['appmesh:DeleteMesh', 's3:GetObject'], resource });
	const [denied, silent, ...others] = JSON.parse(simulationJson(rows)) as readonly unknown[];
	const asked = { user: 'user of B', accessKeyId: 'B', resource };
	assert.deepEqual(denied, {
		...asked,
		action: 'appmesh:DeleteMesh',
		decision: 'explicitDeny',
		statement: { policy: 'Careful', number: 2, sid: '' },
	});
	assert.deepEqual(silent, { ...asked, action: 's3:GetObject', decision: 'implicitDeny' });
	assert.deepEqual(others, []);
});

test('a user without a key may do nothing, and nothing is told of a secret', () => {
	assert.equal(simulationText(simulate(keys, { user: 'nobody', actions: ['appmesh:ListMeshes'], resource: '*' })), '');
	assert.ok(
		!simulationJson(simulate(keys, { actions: ['appmesh:ListMeshes'], resource: '*' })).includes(secretAccessKey),
	);
});
