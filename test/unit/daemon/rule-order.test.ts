import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Inspected } from '../../../src/daemon/dependencies.ts';
import { createRulePrecedence } from '../../../src/daemon/rule-order.ts';
import type { Dialect, Installed } from '../../../src/firewall/firewall.ts';
import type { ForeignRules } from '../../../src/firewall/foreign/foreign-rules.ts';
import { captureOf } from '../../support/capture.ts';

test('rules of others that cannot be read ahead end no daemon: whoever asks for them is told', async () => {
	const fails = async () => Promise.reject(new Error('the kernel does not say'));
	const precedence = createRulePrecedence({ chains: fails, read: fails, mayBeStale: () => true }, () => undefined);
	precedence.prefetch();
	// A rejection that nobody has heard of would end the daemon by now, and fails this test.
	await setImmediate();
	await assert.rejects(precedence.inspect({ isOn: true } as Inspected), /does not say/);
});

const { signal } = new AbortController();
const installed = {} as Installed;

/** A host whose firewall claims, and a reader of others' rules; `claims` is what each claim does. */
function scene(claims: () => readonly string[]) {
	const dialect: Dialect = 'iptables-nft';
	const others = { chains: [] as unknown[], legacyNat: {}, texts: [] as unknown[] };
	const counts = { claims: 0, chains: 0 };
	const logged: string[] = [];
	const firewall = {
		dialect,
		async claim() {
			counts.claims += 1;
			return claims();
		},
	};
	const reader = {
		async chains() {
			counts.chains += 1;
			return others as unknown as ForeignRules;
		},
		read: async () => ({ ...others }) as unknown as ForeignRules,
		mayBeStale: () => true,
	};
	const precedence = createRulePrecedence(reader, (level, event) => void logged.push(`${level}: ${event}`));
	type Claim = Parameters<typeof precedence.claim>;
	const host = { firewalls: [firewall, { dialect: 'nft' }] } as unknown as Claim[0];
	const targetOf = (each: Dialect) => ({ dialect: each, families: ['ipv4', 'ipv6'] }) as unknown as Claim[1];
	const claim = (each: Dialect = dialect) => precedence.claim(host, targetOf(each), installed, signal);
	return { ...{ counts, others, logged, precedence }, claim };
}

test('chains of ours that others came before are made the first again, and others are read once more', async () => {
	const { claim, counts } = scene(() => ['ipv4 OUTPUT of nat came behind a chain']);
	assert.deepEqual(await claim(), ['ipv4 OUTPUT of nat came behind a chain']);
	assert.deepEqual(counts, { claims: 1, chains: 2 });
});

test('where nobody came before ours, others are not read a second time', async () => {
	const { claim, counts } = scene(() => []);
	assert.deepEqual(await claim(), []);
	assert.deepEqual(counts, { claims: 1, chains: 1 });
});

test('with rules that no others come before, these are not read', async () => {
	const { claim, counts } = scene(() => []);
	assert.deepEqual(await claim('nft'), []);
	assert.deepEqual(counts, { claims: 0, chains: 0 });
});

test('a claim that fails is told, and tried again only when others have changed something', async () => {
	const { claim, counts, others, logged } = scene(() => {
		throw new Error('the kernel refuses');
	});
	assert.deepEqual(await claim(), []);
	assert.deepEqual(await claim(), []);
	assert.deepEqual([counts.claims, logged], [1, ['warn: our chains could not be made the first again']]);
	others.chains = [{}];
	await claim();
	assert.equal(counts.claims, 2);
});

test("others' rules are judged anew only when they, or what is captured, have changed", async () => {
	const { precedence, others } = scene(() => []);
	const desired = () => ({ target: { families: [], dialect: 'iptables-nft' } });
	const of = {
		isOn: true,
		context: { capture: captureOf({ appPorts: '8080' }), config: { backend: 'auto' } },
		desired: desired(),
	};
	const facts = () => precedence.inspect(of as unknown as Inspected);
	const first = await facts();
	assert.equal(await facts(), first);
	of.desired = desired();
	const second = await facts();
	assert.notEqual(second, first);
	others.texts = [];
	assert.notEqual(await facts(), second);
	assert.notEqual(await precedence.inspect({ ...of, isOn: false } as unknown as Inspected), second);
});
