import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderIptables } from '../../../src/firewall/iptables/render-rules.ts';
import { mayAnswer } from '../../../src/ruleset/answers.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import type { Capture } from '../../../src/ruleset/capture.ts';
import { captureOf } from '../../support/capture.ts';

const others = (texts: Readonly<Record<string, string>>): Capture => ({
	...captureOf({ appPorts: '8080', ...texts }),
	envoy: { runtime: 'none' },
});
const ours = (texts: Readonly<Record<string, string>>): Capture => ({
	...others(texts),
	envoy: { runtime: 'process' },
});

/** The rules about who answers on Envoy's ports: whom they are about, and what they do. */
function answering(capture: Capture): (string | undefined)[] {
	const { chains } = renderIptables(buildRuleset(capture, 'ipv4'));
	const rules = chains.find(({ name }) => name === 'APPMESH_ANSWER')?.rules ?? [];
	return rules.map((rule) => rule.replace(/-p tcp |-m owner |-m comment --comment "[^"]*" /g, ''));
}

test('only the user that our Envoy runs as answers on its ports, also where only some users are captured', () => {
	const rules = ['--uid-owner 1337 -j RETURN', '-j DROP'];
	assert.deepEqual(answering(ours({})), rules);
	assert.deepEqual(answering(ours({ onlyUids: '1000' })), rules);
	for (const capture of [ours({}), ours({ onlyUids: '1000' }), ours({ onlyGids: '1000' })]) {
		assert.equal(mayAnswer(capture, 1337), true);
		assert.equal(mayAnswer(capture, 1000), false);
		assert.equal(mayAnswer(capture, 2000), false);
	}
});

test("where another program runs Envoy and only some users are captured, any other user's program may be it", () => {
	const capture = others({ onlyUids: '1000-1009' });
	assert.deepEqual(answering(capture), [
		'--uid-owner 1337 -j RETURN',
		'--uid-owner 1000-1009 -j DROP',
		'--socket-exists -j RETURN',
		'-j DROP',
	]);
	assert.equal(mayAnswer(capture, 1337), true);
	assert.equal(mayAnswer(capture, 1009), false);
	assert.equal(mayAnswer(capture, 1010), true);
});

test('where another program runs Envoy it is one of the ignored users; with ignored groups that is not known', () => {
	assert.equal(mayAnswer(others({}), 1337), true);
	assert.equal(mayAnswer(others({}), 1000), false);
	assert.equal(mayAnswer(others({ ignoreGids: '1337' }), 1337), true);
	assert.equal(mayAnswer(others({ ignoreGids: '1337' }), 1000), undefined);
	assert.equal(mayAnswer(others({ onlyGids: '1000' }), 1000), undefined);
});

test('a host that answers with SYN cookies only cannot tell who answers, so everybody may', () => {
	for (const capture of [ours({}), others({})]) {
		const cookies = { ...capture, hasOnlyCookies: true };
		assert.deepEqual(answering(cookies), []);
		assert.equal(mayAnswer(cookies, 1000), undefined);
		assert.equal(mayAnswer({ ...capture, hasOnlyCookies: false }, 1000), false);
	}
});
