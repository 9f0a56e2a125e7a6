import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNamedValues } from '../../../src/values/named-values.ts';

test('names and values between commas; a value may have commas and equals signs', () => {
	const read = (text: string) => Array.from(parseNamedValues(text) ?? [['not', 'read']]);
	assert.deepEqual(read(''), []);
	assert.deepEqual(read('a=b'), [['a', 'b']]);
	assert.deepEqual(read('a=,AWS::Region=eu-west-1,X.Arn=c=d'), [
		['a', ''],
		['AWS::Region', 'eu-west-1'],
		['X.Arn', 'c=d'],
	]);
	assert.deepEqual(read('Hosts=a,b, c,Port=80'), [
		['Hosts', 'a,b, c'],
		['Port', '80'],
	]);
	for (const wrong of ['a', '=b', 'a b=c', ',a=b']) assert.deepEqual(read(wrong), [['not', 'read']], wrong);
});
