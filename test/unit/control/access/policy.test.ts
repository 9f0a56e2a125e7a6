import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actions } from '../../../../src/control/access/actions.ts';
import { denialText, mayDo, type Policy, statementName } from '../../../../src/control/access/policy.ts';
import { AN_ACCOUNT, readPolicy, soundPolicy } from '../../../support/policies.ts';

const MESH = `${AN_ACCOUNT}:mesh/simpleapp`;
const NODE = `${MESH}/virtualNode/serviceA`;
const allow = (action: unknown, resource: unknown = '*') => ({ Effect: 'Allow', Action: action, Resource: resource });
const deny = (action: unknown, resource: unknown = '*') => ({ Effect: 'Deny', Action: action, Resource: resource });

/** The guide of 2019, chapter "Creating App Mesh IAM Policies", letter for letter. */
const guideAdmin = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "appmesh:*"
      ],
      "Resource": "*"
    }
  ]
}`;

test("the guide's policy for an admin user allows all of App Mesh, and nothing else", () => {
	const { policy, mistakes } = readPolicy(JSON.parse(guideAdmin), 'AWSAppMeshAdminPolicy');
	assert.deepEqual(mistakes, []);
	for (const action of actions) assert.ok(mayDo([policy], action, NODE).isAllowed, action);
	assert.equal(mayDo([policy], 'ec2:DescribeInstances', '*').isAllowed, false);
	const { statement } = mayDo([policy], 'appmesh:CreateMesh', MESH);
	assert.equal(statement && statementName(statement), 'statement 1 of policy AWSAppMeshAdminPolicy');
});

/** The guide of 2019, "Actions for App Mesh"; each in a statement that allows it. */
const guideActions: readonly (readonly [written: string, allowed: string, denied: string])[] = [
	['"Action": "appmesh:CreateMesh"', 'appmesh:CreateMesh', 'appmesh:DeleteMesh'],
	['"Action": "appmesh:DeleteMesh"', 'appmesh:DeleteMesh', 'appmesh:CreateMesh'],
	['"Action": "appmesh:Describe*"', 'appmesh:DescribeVirtualNode', 'appmesh:ListVirtualNodes'],
	['"Action": "appmesh:*"', 'appmesh:StreamAggregatedResources', 's3:GetObject'],
	['"Action": ["appmesh:CreateRoute", "appmesh:UpdateRoute"]', 'appmesh:UpdateRoute', 'appmesh:DeleteRoute'],
];

for (const [written, allowed, denied] of guideActions)
	test(`the guide: ${written} allows ${allowed} and not ${denied}`, () => {
		const { policy, mistakes } = readPolicy(
			JSON.parse(`{"Statement": [{"Effect": "Allow", ${written}, "Resource": "*"}]}`),
		);
		assert.deepEqual(mistakes, []);
		assert.equal(mayDo([policy], allowed, '*').isAllowed, true);
		assert.equal(mayDo([policy], denied, '*').isAllowed, false);
	});

test('App Mesh has an action for each of its 38 operations, and one for Envoy', () => {
	assert.equal(actions.length, 39);
	for (const action of ['CreateGatewayRoute', 'ListMeshes', 'ListVirtualServices', 'UpdateMesh', 'UntagResource'])
		assert.ok(actions.includes(`appmesh:${action}`), action);
});

/** As AWSAppMeshEnvoyAccess, for the one node. */
const envoyAccess = soundPolicy([allow('appmesh:StreamAggregatedResources', NODE)]);

interface Rule {
	readonly policies: readonly Policy[];
	readonly action?: string;
	readonly resource?: string;
	/** By which statement; undefined: none. */
	readonly by?: string;
	readonly isAllowed: boolean;
}

/** IAM's user guide: "Policy evaluation logic" and the pages of the elements. */
const rules: Readonly<Record<string, Rule>> = {
	'what no policy allows is denied': { policies: [], isAllowed: false },
	'what no statement is about is denied': { policies: [soundPolicy([allow('s3:*')])], isAllowed: false },
	'a statement that allows is enough': {
		policies: [soundPolicy(allow('appmesh:UpdateVirtualNode'))],
		by: '1 of P',
		isAllowed: true,
	},
	'of several policies one is enough': {
		policies: [soundPolicy([allow('s3:*')], 'A'), soundPolicy([allow('appmesh:*')], 'B')],
		by: '1 of B',
		isAllowed: true,
	},
	'a denial wins over what allows before it': {
		policies: [soundPolicy([allow('*'), deny('appmesh:Update*')])],
		by: '2 of P',
		isAllowed: false,
	},
	'a denial wins over what allows after it': {
		policies: [soundPolicy([deny('appmesh:Update*'), allow('*')])],
		by: '1 of P',
		isAllowed: false,
	},
	'a denial of one policy wins over what another one allows': {
		policies: [soundPolicy([allow('*')], 'A'), soundPolicy([deny('*', NODE)], 'B')],
		by: '1 of B',
		isAllowed: false,
	},
	'a denial of something else does no harm': {
		policies: [soundPolicy([allow('*'), deny('appmesh:Delete*')])],
		by: '1 of P',
		isAllowed: true,
	},
	'actions are matched in capital and small letters': {
		policies: [soundPolicy([allow('AppMesh:updatevirtualNODE')])],
		by: '1 of P',
		isAllowed: true,
	},
	'resources are matched as they are written': {
		policies: [soundPolicy([allow('*', `${MESH}/virtualNode/servicea`)])],
		isAllowed: false,
	},
	'a resource matches itself': { policies: [soundPolicy([allow('*', NODE)])], by: '1 of P', isAllowed: true },
	'a mesh is not what is in it': { policies: [soundPolicy([allow('*', MESH)])], isAllowed: false },
	'a * goes past slashes': {
		policies: [soundPolicy([allow('*', `${AN_ACCOUNT}:mesh/simple*`)])],
		by: '1 of P',
		isAllowed: true,
	},
	'a ? is one character': {
		policies: [soundPolicy([allow('*', `${MESH}/virtualNode/service?`)])],
		by: '1 of P',
		isAllowed: true,
	},
	'a ? is not none': { policies: [soundPolicy([allow('*', `${NODE}?`)])], isAllowed: false },
	'the account and the region count': {
		policies: [soundPolicy([allow('*', NODE.replace('us-west-2', 'eu-west-1'))])],
		isAllowed: false,
	},
	'a * for the region and the account': {
		policies: [soundPolicy([allow('*', 'arn:aws:appmesh:*:*:mesh/simpleapp/*')])],
		by: '1 of P',
		isAllowed: true,
	},
	'a * at the end stands for the parts that are missing': {
		policies: [soundPolicy([allow('*', 'arn:aws:appmesh:*')])],
		by: '1 of P',
		isAllowed: true,
	},
	'one of several resources is enough': {
		policies: [soundPolicy([allow('*', [MESH, NODE])])],
		by: '1 of P',
		isAllowed: true,
	},
	'NotAction allows all but what it lists': {
		policies: [soundPolicy([{ Effect: 'Allow', NotAction: 'appmesh:Delete*', Resource: '*' }])],
		by: '1 of P',
		isAllowed: true,
	},
	'NotAction does not deny what it lists, it is silent about it': {
		policies: [soundPolicy([{ Effect: 'Allow', NotAction: ['appmesh:Update*', 's3:*'], Resource: '*' }])],
		isAllowed: false,
	},
	'a denial with NotAction denies all but what it lists': {
		policies: [soundPolicy([allow('*'), { Effect: 'Deny', NotAction: 'appmesh:Describe*', Resource: '*' }])],
		by: '2 of P',
		isAllowed: false,
	},
	'NotResource allows all but what it lists': {
		policies: [soundPolicy([{ Effect: 'Allow', Action: '*', NotResource: `${AN_ACCOUNT}:mesh/other*` }])],
		by: '1 of P',
		isAllowed: true,
	},
	'NotResource is silent about what it lists': {
		policies: [soundPolicy([{ Effect: 'Allow', Action: '*', NotResource: [NODE] }])],
		isAllowed: false,
	},
	'a call that is about no resource needs *': {
		...{ policies: [soundPolicy([allow('appmesh:ListMeshes', `${AN_ACCOUNT}:mesh/*`)])] },
		...{ action: 'appmesh:ListMeshes', resource: '*', isAllowed: false },
	},
	'an Envoy may ask for the configuration of its node': {
		...{ policies: [envoyAccess], action: 'appmesh:StreamAggregatedResources', by: '1 of P', isAllowed: true },
	},
	'an Envoy may not ask for that of another node': {
		...{ policies: [envoyAccess], action: 'appmesh:StreamAggregatedResources', resource: `${NODE}2`, isAllowed: false },
	},
};

for (const [rule, { policies, action = 'appmesh:UpdateVirtualNode', resource = NODE, by, isAllowed }] of Object.entries(
	rules,
))
	test(`IAM: ${rule}`, () => {
		const { statement, ...decision } = mayDo(policies, action, resource);
		assert.equal(decision.isAllowed, isAllowed);
		assert.equal(statement && `${statement.number} of ${statement.policy}`, by);
	});

test('who is denied is told by what', () => {
	const policy = soundPolicy([{ ...deny('appmesh:Delete*'), Sid: 'KeepAll' }], 'Careful');
	const told = (action: string) => denialText('alice', action, MESH, mayDo([policy], action, MESH));
	assert.equal(
		told('appmesh:DeleteMesh'),
		`User alice is not authorized to perform appmesh:DeleteMesh on ${MESH}: statement 1 (KeepAll) of policy Careful denies it`,
	);
	assert.equal(
		told('appmesh:CreateMesh'),
		`User alice is not authorized to perform appmesh:CreateMesh on ${MESH}: no policy of this key allows it`,
	);
});
