import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { resolveHostContext } from '../../../src/reconcile/host-context.ts';
import { applyDesired, computeDesired } from '../../../src/reconcile/resolve.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryHost, listener, type MemoryHost } from '../../support/memory-host.ts';

const { signal } = new AbortController();
const able = { hasAddress: true, obstacle: '', hasRules: true };
const CONTROLLER = 'APPMESH_ENABLE_IPV6';

async function contextOf(host: MemoryHost, ipv6: string, origin = '--ipv6') {
	const config = { backend: 'auto', ipv6, egressPort: 15_001, ingressPort: 15_000, mark: 0x1e7700ce, routeTable: 100 };
	const units = { ignoreUnits: [], onlyUnits: [] };
	const written = new Map([['ipv6', { text: ipv6, origin }]]);
	const wanted = { config: { ...config, ...units }, capture: captureOf({ appPorts: '8080' }), written };
	return resolveHostContext(host.host, wanted as Parameters<typeof resolveHostContext>[1], undefined, signal);
}

async function choiceOf(ipv6: string, ipv6Fact: Partial<MemoryHost['ipv6']>, listeners = [listener(15_001)]) {
	const host = createMemoryHost([]);
	Object.assign(host, { ipv6: { ...able, ...ipv6Fact }, listeners });
	const { target, ipv6BypassReason } = await computeDesired(await contextOf(host, ipv6));
	return { isOn: target.families.includes('ipv6'), why: ipv6BypassReason };
}

test('IPv6 is captured where Envoy takes it, or where nobody knows yet what Envoy will do', async () => {
	const byIpv6 = { ...listener(15_001), family: 'ipv6' } as const;
	assert.deepEqual(await choiceOf('auto', {}, [byIpv6]), { isOn: true, why: '' });
	assert.deepEqual(await choiceOf('auto', {}, []), { isOn: true, why: '' });
	assert.deepEqual(await choiceOf('auto', {}, [listener(8080)]), { isOn: true, why: '' }, 'of somebody else');
});

test('an Envoy that listens for IPv4 only gets IPv4 only, and the reason is told', async () => {
	const why = 'Envoy listens on port 15001 for IPv4 only';
	assert.deepEqual(await choiceOf('auto', {}), { isOn: false, why });
	const elsewhere = { ...listener(15_000), family: 'ipv6' } as const;
	assert.deepEqual(await choiceOf('auto', {}, [listener(15_001), elsewhere]), { isOn: false, why });
});

test('a host without an IPv6 address has nothing that could bypass Envoy', async () => {
	assert.deepEqual(await choiceOf('auto', { hasAddress: false }), { isOn: false, why: '' });
	assert.deepEqual(await choiceOf('0', { hasAddress: false }), { isOn: false, why: '' });
});

test('IPv6 that is off in the settings, or that the host cannot capture, bypasses Envoy and says why', async () => {
	assert.deepEqual(await choiceOf('0', {}), { isOn: false, why: 'ipv6 is 0' });
	assert.match(
		(await choiceOf('0', { hasRules: false, obstacle: 'no ip6tables' })).why,
		/^ipv6 is 0, and .*: no ip6tables$/,
	);
	assert.deepEqual(await choiceOf('auto', { obstacle: 'no ip6tables' }), { isOn: false, why: 'no ip6tables' });
});

test('IPv6 that is demanded is captured although nobody listens, or it is an error', async () => {
	assert.deepEqual(await choiceOf('1', { hasAddress: false }), { isOn: true, why: '' });
	await assert.rejects(choiceOf('1', { obstacle: 'no ip6tables' }), /no ip6tables/);
});

test('where the kernel refuses IPv6 rules, IPv4 goes on and the reason is told, unless IPv6 is demanded', async () => {
	const host = createMemoryHost([]);
	Object.assign(host, { ipv6: able, listeners: [] });
	host.onCommit = (family) => {
		if (family === 'ipv6') throw new Failure('unsupported', 'Cannot commit the ipv6 rules: no nat table', 'None');
	};
	const { target, ipv6BypassReason } = await applyDesired(await contextOf(host, 'auto'), signal);
	assert.deepEqual(target.families, ['ipv4']);
	assert.match(ipv6BypassReason, /^the kernel does not take IPv6 rules: .*no nat table$/);
	assert.ok(host.isCapturing());
	await assert.rejects(applyDesired(await contextOf(host, '1'), signal), /no nat table/);
	// A controller sets it for every pod: it demands nothing of this one.
	assert.deepEqual((await applyDesired(await contextOf(host, '1', CONTROLLER), signal)).target.families, ['ipv4']);
});

test('other errors than that IPv6 is unsupported are passed on', async () => {
	const host = createMemoryHost([]);
	Object.assign(host, { ipv6: able, listeners: [] });
	host.onCommit = () => {
		throw new Failure('firewall', 'Cannot commit the rules', 'None');
	};
	await assert.rejects(applyDesired(await contextOf(host, 'auto'), signal), /Cannot commit the rules/);
	assert.equal(host.isCapturing(), false);
});
