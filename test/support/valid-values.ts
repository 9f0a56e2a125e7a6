// What the API's shapes do not say of a value: its syntax, and what turnout refuses.
import fc from 'fast-check';
import { regexProblem } from '../../src/mesh/regex.ts';
import { certificateFiles } from './every-field.ts';
import { type Choice, codePoint, textOf } from './mesh-generator.ts';
import { regexes } from './regexes.ts';

/** A reference as drawn: the how-manieth of what is there. */
const reference = fc.nat({ max: 99 }).map(String);

const absolute = (max?: number) =>
	textOf({ kind: 'string', ...(max === undefined ? {} : { max: max - 1 }) }).map((text) => `/${text}`);

const pieces = [
	'a',
	'é',
	'.',
	'^',
	'$',
	'|',
	'(',
	')',
	'(?:',
	'(?i)',
	'*',
	'+',
	'?',
	'{2}',
	'{1,9}',
	'[',
	']',
	'[^',
	'-',
];
const escapes = ['\\d', '\\w', '\\b', '\\.', '\\x41', '\\pL', '\\Q', '\\E', '[[:alpha:]]', '[a-z]', '/', '\\\\', '&&'];
const regex = fc
	.oneof(
		fc.constantFrom(...regexes),
		fc.string({ unit: fc.constantFrom(...pieces, ...escapes), minLength: 1, maxLength: 12 }),
		fc.constantFrom('a', '[😀é]', '\\d').map((atom) => atom.repeat(255 / atom.length)),
	)
	.filter((text) => text.length <= 255 && regexProblem(text) === undefined);

const operators = ['%%', '%START_TIME%', '%RESPONSE_CODE%', '%REQ(X-REQUEST-ID):36%', '%REQ(:PATH)%', '%PROTOCOL%'];
const formatOf = (max: number) =>
	fc
		.array(
			fc.oneof(
				fc.constantFrom(...operators, '\n', '\t', '\\', '"', '😀'),
				fc.string({ unit: codePoint, maxLength: 9 }).map((text) => text.toWellFormed().replaceAll('%', '')),
			),
			{ minLength: 1, maxLength: 6 },
		)
		.map((parts) => parts.join('').slice(0, max).toWellFormed())
		.filter((text) => /^(?:[^%]|%%|%[A-Z_]+(?:\([^)]*\))?(?::\d+)?%)+$/u.test(text));

const host = fc.oneof(
	fc.domain(),
	fc.domain().map((name) => `${name}.`),
	fc.ipV4(),
	fc.ipV6(),
	fc.constantFrom('localhost', 'a_b', 'ü.example', '::', '[::1]', '1', '-', 'x'.repeat(253)),
	textOf({ kind: 'string', min: 1, max: 60 }).filter((text) => !/[\s/]|^\.|\.\./.test(text)),
);

/** As a `Host` can have it. */
const requested = fc.oneof(
	fc.domain(),
	fc.domain().map((name) => `*.${name}`),
	fc.string({ minLength: 1, maxLength: 20 }).filter((text) => /^[!-~]+$/.test(text)),
	fc.constantFrom('x', 'X', '.', '\\').map((letter) => letter.repeat(253)),
);

const fewPorts = fc.oneof(
	{ weight: 9, arbitrary: fc.constantFrom(80, 81, 443, 8_080) },
	{ weight: 3, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
	{ weight: 1, arbitrary: fc.constantFrom(15_000, 15_001) },
);

/** Above 0, which outlier detection needs. */
const someTime = fc.record(
	{
		unit: fc.constantFrom('s', 'ms'),
		value: fc.oneof(fc.constant(9_000_000_000), fc.integer({ min: 1, max: 9_000_000_000 })),
	},
	{ requiredKeys: ['value'] },
);

type Rules = readonly (readonly [path: RegExp, values: fc.Arbitrary<unknown> | ''])[];

/** `folder`: where the files of certificates are. */
const rulesFor = (folder: string): Rules => {
	const [certificate, key, , , authority] = certificateFiles.map((name) => `${folder}/${name}`);
	return [
		[/(?:virtualServiceName|virtualNodeName|virtualRouterName|weightedTargets\.virtualNode)$/, reference],
		[/portMapping\.port$/, fewPorts],
		[/accessLog\.file\.path$/, fc.constantFrom('/dev/stdout', '/dev/stderr', '/dev/null', `${folder}/access.log`)],
		[/Route\.match\.prefix$|healthCheck\.path$/, absolute()],
		[/path\.exact$|rewrite\.prefix\.value$/, absolute(255)],
		[/\.regex$/, regex],
		[
			/(?:headers|metadata)\.name$/,
			textOf({ kind: 'string', min: 1, max: 50 }).filter((name) => /^[!-~]+$/.test(name)),
		],
		[
			/httpRetryEvents$/,
			fc.uniqueArray(fc.constantFrom('server-error', 'gateway-error', 'client-error', 'stream-error'), {
				minLength: 1,
			}),
		],
		[/dns\.hostname$/, host],
		[/match\.hostname\.(?:exact|suffix)$/, requested],
		[/queryParameters\.name$/, textOf({ kind: 'string', min: 1, max: 256 })],
		[/format\.text$/, formatOf(1_000)],
		[/format\.json\.value$/, formatOf(100)],
		[/outlierDetection\.(?:baseEjectionDuration|interval)$/, someTime],
		[/trust\.file\.certificateChain$/, fc.constant(authority)],
		[/certificate\.file\.certificateChain$/, fc.constant(certificate)],
		[/certificate\.file\.privateKey$/, fc.constant(key)],
	];
};

/** `.acm`, `.awsCloudMap`: fields that are refused whatever else is there. */
const refused: Rules = [[/\.(?:acm|awsCloudMap)$/, '']];

export function validValues(folder: string, withRefused = false): Choice {
	const rules = [...(withRefused ? [] : refused), ...rulesFor(folder)];
	return (path) => rules.find(([pattern]) => pattern.test(path))?.[1];
}
