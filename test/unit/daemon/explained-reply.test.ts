import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainFacts } from '../../../src/daemon/explain/asked-facts.ts';
import { decidingSetting } from '../../../src/daemon/explain/deciding-setting.ts';
import { type Explained, explainRequest } from '../../../src/daemon/explain/explained-reply.ts';
import { describeInstalled, renderBoth } from '../../../src/firewall/iptables/installed.ts';
import type { ExplainRequest } from '../../../src/localapi/explained.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import { buildGuard } from '../../../src/ruleset/ingress.ts';
import { byFamily, families } from '../../../src/values/units.ts';
import type { Texts } from '../../property/generators.ts';
import { captureOf } from '../../support/capture.ts';
import { readLayers } from '../../support/setting-samples.ts';

/** A host at 10.0.0.2 with a user of its own and a container behind docker0. */
const facts: ExplainFacts = {
	user: async (text) => ({ app: { id: 1000, name: 'app', gid: 1000 }, 0: { id: 0, name: 'root', gid: 0 } })[text],
	group: async (text) => (text === 'envoy' ? { id: 1337, name: 'envoy' } : undefined),
	cgroupsOf: (unit) => ({ 'docker.service': [1, 1000], 'shop.service': [1, 1000] })[unit],
	addressesOf: async (host) => (host === 'two.local' ? ['203.0.113.10', '203.0.113.11'] : []),
	route: async (_, address) => {
		if (address.startsWith('192.0.2.')) return undefined;
		if (['10.0.0.2', '127.0.0.1', '::1'].includes(address)) return { interface: 'lo', source: address, isLocal: true };
		return { interface: address.startsWith('172.17.') ? 'docker0' : 'eth0', source: '10.0.0.2', isLocal: false };
	},
	process: async () => undefined,
	redirected: async () => new Set(),
};

async function explained(request: ExplainRequest, texts: Texts = {}, more: Partial<Explained> = {}, hasIpv6 = true) {
	const capture = captureOf(texts);
	const rules = byFamily((family) =>
		family === 'ipv6' && !hasIpv6 ? buildGuard(capture) : buildRuleset(capture, family),
	);
	const loaded = readLayers({ flags: texts });
	const settingOf = (key: string) => decidingSetting(key, loaded, capture);
	const wanted = { capture, rules, families: hasIpv6 ? families : (['ipv4'] as const), settingOf };
	const now: Explained = {
		...{ interception: 'on', notes: [], meshAnswer: async () => undefined },
		wanted: { ...wanted, ipv6BypassReason: hasIpv6 ? '' : 'ipv6 is 0' },
		installed: describeInstalled(renderBoth(rules)),
		...more,
	};
	const { connections } = await explainRequest(request, now, facts);
	return connections[0] ?? assert.fail('nothing is explained');
}

const decidedBy = async (request: ExplainRequest, texts?: Texts) => {
	const { settings, kernel, drift } = await explained(request, texts);
	assert.deepEqual([kernel?.answer, kernel?.port, drift], [settings.answer, settings.port, undefined]);
	return [settings.answer, settings.setting?.key, settings.setting?.source];
};

test('each answer names the setting that decides it', async () => {
	const out = { out: '203.0.113.10:443', user: 'app' };
	assert.deepEqual(await decidedBy(out), ['egress listener', 'egressPort', 'default']);
	assert.deepEqual(await decidedBy({ ...out, group: 'envoy' }, { ignoreGids: '1337' }), [
		'direct',
		'ignoreGids',
		'flag',
	]);
	assert.deepEqual(await decidedBy({ ...out, out: '169.254.169.254:80' }), ['direct', 'egressIgnoredIps', 'default']);
	assert.deepEqual(await decidedBy({ ...out, interface: 'wg0' }, { interfacesIgnored: 'wg+' }), [
		'direct',
		'interfacesIgnored',
		'flag',
	]);
	assert.deepEqual(await decidedBy({ in: 8080, from: '10.0.0.7' }, { appPorts: '8080' }), [
		'ingress listener',
		'appPorts',
		'flag',
	]);
	assert.deepEqual(await decidedBy({ in: 8080, from: '10.0.0.7' }), ['app', 'appPorts', 'default']);
	assert.deepEqual(await decidedBy({ in: 15001, from: '10.0.0.7' }), ['dropped', 'guard', 'default']);
	assert.deepEqual(await decidedBy({ out: '203.0.113.10:80', from: '172.17.0.2' }), ['direct', 'bridges', 'default']);
	assert.deepEqual(await decidedBy({ out: '203.0.113.10:80', from: '172.17.0.2' }, { bridges: 'docker0' }), [
		'egress listener',
		'egressPort',
		'default',
	]);
});

test('whose unit it is decides where the settings name units', async () => {
	const out = { out: '203.0.113.10:443', user: 'app' };
	const docker = { ...out, unit: 'docker.service' };
	assert.deepEqual(await decidedBy(docker, { ignoreUnits: 'docker.service' }), ['direct', 'ignoreUnits', 'flag']);
	assert.deepEqual(await decidedBy(out, { ignoreUnits: 'docker.service' }), [
		'egress listener',
		'egressPort',
		'default',
	]);
	const only = { onlyUnits: 'shop.service' };
	assert.deepEqual(await decidedBy({ ...out, unit: 'shop.service' }, only), ['egress listener', 'onlyUnits', 'flag']);
	assert.deepEqual(await decidedBy(out, only), ['direct', 'onlyUnits', 'flag']);
	assert.equal(
		(await explained(docker)).question,
		'a connection of user app (1000) in docker.service to 203.0.113.10:443, by eth0',
	);
	await assert.rejects(explained({ ...out, unit: 'gone.service' }), {
		code: 'usage',
		message: 'Cannot explain: there is no unit "gone.service" running on this host',
	});
});

test('a connection within the host is decided by no setting', async () => {
	assert.deepEqual(await decidedBy({ out: '127.0.0.1:80', user: 'app' }), ['app', undefined, undefined]);
	assert.deepEqual(await decidedBy({ in: 8080, from: '10.0.0.2' }, { appPorts: '*' }), ['app', undefined, undefined]);
});

test('where IPv6 is not captured, the reason is told', async () => {
	const { settings } = await explained({ out: '[2001:db8::10]:443' }, {}, {}, false);
	assert.deepEqual([settings.answer, settings.because, settings.setting?.key], ['direct', 'ipv6 is 0', 'ipv6']);
});

test('while interception is off nothing is drift but a rule that takes the connection', async () => {
	const none = describeInstalled(byFamily(() => ({ chains: [], hooks: [] })));
	const out = { out: '203.0.113.10:443' };
	const off = await explained(out, {}, { interception: 'off', installed: none });
	assert.deepEqual([off.settings.answer, off.kernel?.answer, off.drift], ['egress listener', 'direct', undefined]);
	assert.equal(off.kernel?.because, 'no rule of turnout is installed');
	assert.match((await explained(out, {}, { interception: 'off' })).drift ?? '', /^interception is not on, but a rule/);
	assert.match(
		(await explained(out, {}, { installed: none })).drift ?? '',
		/egress listener .*what is installed: direct/,
	);
});

test('rules that cannot be read are a note, and no drift', async () => {
	const { kernel, drift, notes } = await explained({ out: '203.0.113.10:443' }, {}, { installed: { unread: 'why' } });
	assert.deepEqual([kernel, drift, notes], [undefined, undefined, ['why']]);
});

test('a name is explained by its first address, and the others are told; so is a missing route', async () => {
	const { question, to, notes } = await explained({ out: 'two.local:80', user: 'app' });
	assert.deepEqual(
		[question, to],
		['a connection of user app (1000) to 203.0.113.10:80 (two.local:80), by eth0', '203.0.113.10'],
	);
	assert.deepEqual(notes, ['two.local has more addresses, each to be asked for: 203.0.113.11']);
	assert.match((await explained({ out: '192.0.2.7:80' })).notes.join(), /there is no route to 192\.0\.2\.7/);
});

test('what cannot be asked is refused with what is allowed', async () => {
	const refusals: readonly (readonly [ExplainRequest, RegExp, RegExp])[] = [
		[{}, /neither a destination/, /out HOST:PORT, in PORT/],
		[{ out: '203.0.113.10' }, /is not a destination/, /HOST:PORT, \[IPV6\]:PORT/],
		[{ out: '2001:db8::1:80' }, /is not a destination/, /HOST:PORT/],
		[{ out: 'none.local:80' }, /does not resolve on this host/, /a name, or an address/],
		[{ out: '203.0.113.10:1', user: 'x' }, /no user "x"/, /a name, or an id/],
		[{ out: '203.0.113.10:1', group: 'x' }, /no group "x"/, /a name, or an id/],
		[{ out: '203.0.113.10:1', from: '::1' }, /"::1" is not an address that can connect there/, /an IPv4 address/],
		[{ out: '[::ffff:1.2.3.4]:80' }, /is an IPv4 address in IPv6 form/, /an IPv6 address/],
		[{ in: 80 }, /not said who connects/, /in PORT --from ADDRESS/],
		[{ in: 80, from: 'x' }, /"x" is not an address/, /an IPv4 address/],
		[{ pid: 7 }, /no process 7/, /the id of a process/],
	];
	for (const [request, message, remedy] of refusals)
		await assert.rejects(explained(request), { code: 'usage', message, remedy });
});
