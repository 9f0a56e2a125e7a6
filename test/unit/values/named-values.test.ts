import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNamedValues } from '../../../src/values/named-values.ts';

test('names and values between commas; a value may have commas and equals signs', () => {
	const rows: readonly (readonly [text: string, values: readonly (readonly [string, string])[]])[] = [
		['', []],
		['a=b', [['a', 'b']]],
		[
			' a=b , c=d,',
			[
				['a', 'b'],
				['c', 'd'],
			],
		],
		[
			'a=,AWS::Region=eu-west-1,X.Arn=c=d',
			[
				['a', ''],
				['AWS::Region', 'eu-west-1'],
				['X.Arn', 'c=d'],
			],
		],
		[
			'Hosts=a,b, c,Port=80',
			[
				['Hosts', 'a,b, c'],
				['Port', '80'],
			],
		],
	];
	for (const [text, values] of rows) assert.deepEqual(parseNamedValues(text), values, text);
});

test('what is no name and value is told, and a name that is given twice', () => {
	const rows: readonly (readonly [text: string, told: RegExp])[] = [
		['a', /^"a" is not name=value$/],
		['=b', /^"=b" is not name=value$/],
		['a b=c', /^"a b=c" is not name=value$/],
		['a=1,b=2,a=3', /^"a" is given twice$/],
		['a=\u001b[2J', /control characters?/],
	];
	for (const [text, told] of rows)
		assert.throws(
			() => parseNamedValues(text),
			(error) => error instanceof Error && told.test(error.message),
			text,
		);
});
