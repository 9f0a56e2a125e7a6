// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of policies
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicy } from '../../../support/policies.ts';

const allow = (more: object) => ({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...more }] });
const without = (name: string) => {
	const { [name]: _, ...rest } = { Effect: 'Allow', Action: '*', Resource: '*' } as Readonly<Record<string, string>>;
	return { Statement: rest };
};

/** By what is wrong with it: the document, and what is told of each mistake. */
const refused: Readonly<Record<string, readonly [document: unknown, ...told: readonly RegExp[]]>> = {
	'it is no object': ['*', /^: a policy is an object/],
	'it has no statement': [{ Version: '2012-10-17' }, /^Statement: a statement is an object/],
	'its list of statements is empty': [{ Statement: [] }, /^Statement: a policy has at least one statement/],
	'a statement is a text': [{ Statement: ['Allow'] }, /^Statement\[0\]: a statement is an object/],
	'its version is another one': [{ Version: '2012-10-18', ...allow({}) }, /^Version: unknown version; .*2012-10-17/],
	'it has a field that is unknown': [
		{ Versoin: '2012-10-17', ...allow({}) },
		/^Versoin: unknown field "Versoin"; did you mean Version\?/,
	],
	'a statement has a field that is unknown': [
		allow({ Efect: 'Deny' }),
		/^Statement\[0\]\.Efect: unknown field "Efect"; did you mean Effect\?/,
	],
	'a statement names a principal': [allow({ Principal: '*' }), /^Statement\[0\]\.Principal: unknown field/],
	'the effect is missing': [without('Effect'), /^Statement\.Effect: "Effect" is missing; one of Allow, Deny/],
	'the effect is written otherwise': [
		allow({ Effect: 'allow' }),
		/^Statement\[0\]\.Effect: unknown effect; one of Allow, Deny/,
	],
	'the action is missing': [
		without('Action'),
		/^Statement: exactly one of Action and NotAction is needed, but neither is there/,
	],
	'the resource is missing': [
		without('Resource'),
		/^Statement: exactly one of Resource and NotResource is needed, but neither/,
	],
	'there are Action and NotAction': [
		allow({ NotAction: '*' }),
		/^Statement\[0\]: exactly one of Action and NotAction is needed, but both/,
	],
	'there are Resource and NotResource': [
		allow({ NotResource: '*' }),
		/^Statement\[0\]: exactly one of Resource and NotResource/,
	],
	'it lists no action': [allow({ Action: [] }), /^Statement\[0\]\.Action: the list is empty/],
	'an action is a number': [allow({ Action: ['*', 1] }), /^Statement\[0\]\.Action\[1\]: it is not a text/],
	"an action is written as in the guide's text": [
		allow({ Action: 'appmesh>DeleteMesh' }),
		/"appmesh>DeleteMesh" is not SERVICE:ACTION; did you mean appmesh:DeleteMesh\?/,
	],
	'an action has no service': [allow({ Action: 'CreateMesh' }), /"CreateMesh" is not SERVICE:ACTION/],
	'the service of an action has a wildcard': [allow({ Action: 'app*:CreateMesh' }), /is not SERVICE:ACTION/],
	'an action matches nothing of App Mesh': [
		allow({ Action: 'appmesh:DescribeMeshs' }),
		/^Statement\[0\]\.Action: "appmesh:DescribeMeshs" is no action of App Mesh; did you mean appmesh:DescribeMesh\?/,
	],
	'a pattern matches nothing of App Mesh': [allow({ Action: 'appmesh:Get*' }), /is no action of App Mesh/],
	'a resource is a name': [
		allow({ Resource: 'simpleapp' }),
		/^Statement\[0\]\.Resource: "simpleapp" is neither \* nor an ARN/,
	],
	'an ARN ends too early': [allow({ Resource: 'arn:aws:appmesh' }), /is neither \* nor an ARN/],
	'an ARN ends too early after its region': [
		allow({ Resource: 'arn:aws:appmesh:us-west-2' }),
		/is neither \* nor an ARN/,
	],
	'an ARN ends in its service': [allow({ Resource: 'arn:aws:appmesh*' }), /the service in an ARN has no wildcards/],
	'an ARN has a wildcard for its service': [
		allow({ Resource: 'arn:aws:*:us-west-2:123456789012:mesh/a' }),
		/the service in an ARN has no wildcards/,
	],
	'a resource has a variable': [
		allow({ Resource: 'arn:aws:appmesh:*:*:mesh/${aws:username}' }),
		/variables are not filled in here/,
	],
	'a Sid has a space': [allow({ Sid: 'my statement' }), /^Statement\[0\]\.Sid: a Sid has letters and digits only/],
	'a Sid stands twice': [
		{ Statement: [1, 2].map(() => ({ Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' })) },
		/^Statement\[1\]\.Sid: "A" stands twice/,
	],
	'it asks for an address': [
		allow({ Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }),
		/^Statement\[0\]\.Condition\.IpAddress\.aws:SourceIp: conditions are not evaluated here, since most need AWS; remove it/,
	],
	'it has several conditions': [
		allow({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' }, StringEquals: { 'aws:RequestTag/a': 'b' } } }),
		/Condition\.Bool\.aws:MultiFactorAuthPresent: conditions are not/,
		/Condition\.StringEquals\.aws:RequestTag\/a: conditions are not/,
	],
	'its condition is a text': [
		allow({ Condition: 'aws:SourceIp' }),
		/^Statement\[0\]\.Condition: a condition is an object/,
	],
	'an operator of a condition has no keys': [
		allow({ Condition: { Bool: true } }),
		/^Statement\[0\]\.Condition\.Bool: conditions are not/,
	],
	"it is the guide's picture of a statement, with words in place of values": [
		{
			Statement: [{ Effect: 'effect', Action: 'action', Resource: 'arn', Condition: { condition: { key: 'value' } } }],
		},
		/^Statement\[0\]\.Condition\.condition\.key: conditions are not/,
		/^Statement\[0\]\.Effect: unknown effect/,
		/^Statement\[0\]\.Action: "action" is not SERVICE:ACTION/,
		/^Statement\[0\]\.Resource: "arn" is neither/,
	],
};

for (const [why, [document, ...told]] of Object.entries(refused))
	test(`a policy is refused where ${why}`, () => {
		const { mistakes } = readPolicy(document);
		assert.equal(mistakes.length, told.length, mistakes.join('\n'));
		for (const [at, expected] of told.entries()) assert.match(mistakes[at] ?? '', expected);
	});

test('a policy of AWS for other services too is taken, and so is an empty condition', () => {
	const statement = {
		Sid: 'A1',
		Effect: 'Allow',
		Action: ['s3:Get*', 'ecr:*'],
		Resource: 'arn:aws:s3:::bucket/*',
		Condition: {},
	};
	assert.deepEqual(readPolicy({ Version: '2008-10-17', Id: 'x', Statement: statement }).mistakes, []);
});
