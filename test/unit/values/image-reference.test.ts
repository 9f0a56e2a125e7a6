import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ecrOf, parseImage } from '../../../src/values/image-reference.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { isPrintable } from '../../support/printable.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const ecrHost = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

/** Input; registry, repository, tag, digest. */
const names: readonly (readonly [string, string, string, string, string])[] = [
	['envoy', 'docker.io', 'library/envoy', 'latest', ''],
	['envoyproxy/envoy:v1.30.0', 'docker.io', 'envoyproxy/envoy', 'v1.30.0', ''],
	['docker.io/envoy', 'docker.io', 'library/envoy', 'latest', ''],
	['index.docker.io/envoyproxy/envoy', 'docker.io', 'envoyproxy/envoy', 'latest', ''],
	['localhost/x', 'localhost', 'x', 'latest', ''],
	['localhost:5000/x', 'localhost:5000', 'x', 'latest', ''],
	['registry:5000/team/x:1', 'registry:5000', 'team/x', '1', ''],
	['registry:5000', 'docker.io', 'library/registry', '5000', ''],
	['team/sub/x', 'docker.io', 'team/sub/x', 'latest', ''],
	['Registry/x', 'Registry', 'x', 'latest', ''],
	['10.0.0.1:80/x', '10.0.0.1:80', 'x', 'latest', ''],
	['[fd00::1]:5000/x', '[fd00::1]:5000', 'x', 'latest', ''],
	['[::1]/x:1', '[::1]', 'x', '1', ''],
	[`envoyproxy/envoy@${digest}`, 'docker.io', 'envoyproxy/envoy', '', digest],
	[`localhost:5000/x:1@${digest}`, 'localhost:5000', 'x', '1', digest],
	['public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29', 'public.ecr.aws', 'appmesh/aws-appmesh-envoy', 'v1.29', ''],
	[`${ecrHost}/aws-appmesh-envoy:v1`, ecrHost, 'aws-appmesh-envoy', 'v1', ''],
	['example.com/a__b/c-d/e.f/g---h:A_b-1.2', 'example.com', 'a__b/c-d/e.f/g---h', 'A_b-1.2', ''],
];

test('parses an image reference as Docker does', () => {
	for (const [text, registry, repository, tag, digest] of names)
		assert.deepEqual(parseImage(text), { registry, repository, tag, digest }, text);
});

const refused: readonly (readonly [string, RegExp])[] = [
	['', /^"" is not a valid image reference: it is empty$/],
	[' envoy', /" envoy" is not a valid repository component$/],
	['Envoy', /"Envoy" has capital letters$/],
	['envoyproxy/Envoy:v1', /"Envoy" has capital letters$/],
	['envoy:', /its tag is empty$/],
	['envoy:-1', /"-1" is not a valid tag$/],
	[`envoy:${'x'.repeat(129)}`, /is not a valid tag$/],
	['envoy:1:2', /"1:2" is not a valid tag$/],
	['envoy@', /"" is not a valid digest$/],
	['envoy@sha256:abc', /"sha256:abc" is not a valid digest$/],
	[`envoy@${digest.toUpperCase()}`, /is not a valid digest$/],
	[`envoy@${digest}@${digest}`, /is not a valid digest$/],
	['/envoy', /"" is not a valid registry host$/],
	['https://example.com/envoy', /it is a URL; remove https:\/\/$/],
	['example.com/', /it has no repository$/],
	['example.com//x', /a component between two slashes is empty$/],
	['example.com/x/', /a component between two slashes is empty$/],
	['example.com/../x', /"\.\." is not a valid repository component$/],
	['example.com:0/x', /0 is not a port$/],
	['example.com:70000/x', /70000 is not a port$/],
	['example.com:port/x', /"example.com:port" is not a valid registry host$/],
	['example.com./x', /"example.com." is not a valid registry host$/],
	['-example.com/x', /"-example.com" is not a valid registry host$/],
	['user@example.com/x', /is not a valid digest$/],
	[`${'a.'.repeat(128)}aa/x`, /is not a valid registry host$/],
	['f'.repeat(64), /it is an image id$/],
	['x/'.repeat(200), /more than 255 characters$/],
	['a___b', /"a___b" is not a valid repository component/],
	['a..b', /"a..b" is not a valid repository component/],
];

test('rejects what Docker rejects, with the reason', () => {
	for (const [text, message] of refused) assert.throws(() => parseImage(text), { message }, text);
});

test('attempts at injection are not image references, and are quoted without control characters', () => {
	for (const text of hostileTexts('/tmp/mark')) {
		const isTold = ({ message }: Error): boolean =>
			message.includes(' is not a valid image reference: ') && isPrintable(message);
		assert.throws(() => parseImage(text), isTold, text);
	}
});

test('a reference written out in full parses to the same parts', () => {
	const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
	const host = fc.constantFrom('docker.io', 'localhost:5000', 'example.com', ecrHost, '[::1]:80');
	const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/);
	fc.assert(
		fc.property(host, fc.array(word, { minLength: 1, maxLength: 3 }), tag, (registry, parts, tag) => {
			const read = parseImage(`${registry}/${parts.join('/')}:${tag}`);
			assert.deepEqual(parseImage(`${read.registry}/${read.repository}:${read.tag}`), read);
			assert.equal(read.registry, registry);
			assert.equal(read.tag, tag);
		}),
	);
});

test('any text is either parsed or rejected with a message', () => {
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9:/@._[\]-]{0,40}$/)), (text) => {
			try {
				parseImage(text);
			} catch (error) {
				assert.match(String(error), /^Error: ".*" is not a valid image reference: /);
			}
		}),
		{ numRuns: 2_000 },
	);
});

const registries: readonly (readonly [string, string, boolean])[] = [
	['dkr.ecr.us-west-2.amazonaws.com', 'us-west-2', false],
	['dkr.ecr-fips.us-west-2.amazonaws.com', 'us-west-2', true],
	['dkr.ecr.us-gov-west-1.amazonaws.com', 'us-gov-west-1', false],
	['dkr.ecr-fips.us-gov-east-1.amazonaws.com', 'us-gov-east-1', true],
	['dkr.ecr.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1', false],
	['dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1', false],
	['dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1', false],
	['dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1', false],
	['dkr.ecr.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1', false],
	['dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', false],
	['dkr-ecr.eu-central-1.on.aws', 'eu-central-1', false],
	['dkr-ecr-fips.us-east-1.on.aws', 'us-east-1', true],
	['dkr-ecr.cn-north-1.on.amazonwebservices.com.cn', 'cn-north-1', false],
	['dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu', 'eusc-de-east-1', false],
	['DKR.ECR.US-WEST-2.AMAZONAWS.COM', 'us-west-2', false],
];

test('recognizes private ECR registries of every partition, with FIPS and dual stack', () => {
	for (const [rest, region, fips] of registries)
		assert.deepEqual(ecrOf(`123456789012.${rest}`), { account: '123456789012', region, fips }, rest);
});

test('a host that only looks like ECR is not treated as ECR', () => {
	const lookalikes = [
		'public.ecr.aws',
		'docker.io',
		`${ecrHost}.evil.example`,
		`${ecrHost}.`,
		`${ecrHost}:443`,
		`evil.${ecrHost}`,
		`evil-${ecrHost}`,
		'12345678901.dkr.ecr.us-west-2.amazonaws.com',
		'1234567890123.dkr.ecr.us-west-2.amazonaws.com',
		'123456789012.dkr.ecr.us-west-2.amazonaws.com.evil',
		'123456789012.dkr.ecr.us-west-2.amazonaws.co',
		'123456789012.dkr.ecr.us-west-2.amazonaws.comx',
		'123456789012.dkr.ecr.us-west-2xamazonaws.com',
		'123456789012.dkrxecr.us-west-2.amazonaws.com',
		'123456789012.dkr-ecr.us-west-2.amazonaws.com',
		'123456789012.dkr.ecr.us-west-2.on.aws',
		'123456789012.dkr.ecr-fipsy.us-west-2.amazonaws.com',
		'123456789012.dkr.ecr.evil.example.amazonaws.com',
		'123456789012.dkr.ecr.us-west-2.evil.amazonaws.com',
		'123456789012.dkr.ecr..amazonaws.com',
		'123456789012.dkr.ecr.amazonaws.com',
		'123456789012.dkr.ecr.us-west-2.amazonaws.com/x',
		'123456789012.dkr.ecr.us-west-2.amazonaws.com\n',
		'１２３456789012.dkr.ecr.us-west-2.amazonaws.com',
	];
	for (const registry of lookalikes) assert.equal(ecrOf(registry), undefined, registry);
});
