// What `turnout explain` says of the calls of a table, beside who has answered them.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { fewAtATime } from '../../src/lib/few-at-a-time.ts';
import { createClient } from '../../src/localapi/client.ts';
import type { ExplainRequest, Recipient } from '../../src/localapi/explained.ts';
import { addresses } from '../lab/net/layout.ts';
import { ids } from '../lab/net/peers.ts';
import type { Answerer, Attempt, Call, Who } from './rows.ts';

/** As a person would ask. */
export function requestAbout({ who, address, port, from }: Attempt): ExplainRequest {
	const to = { out: `${address.includes(':') ? `[${address}]` : address}:${port}` };
	const owner = owners[who];
	if (owner !== undefined) return { ...to, ...owner };
	const family = address.includes(':') ? 'v6' : 'v4';
	const caller = from ?? (who === 'container' ? addresses.container : addresses.world)[family];
	const { host, bridge } = addresses;
	const isHost = [host, bridge].some((own) => own[family] === address);
	return isHost ? { in: port, from: caller } : { ...to, from: caller };
}

const owners: Readonly<Partial<Record<Who, Pick<ExplainRequest, 'user' | 'group'>>>> = {
	app: { user: String(ids.app), group: String(ids.app) },
	root: {},
	proxyUser: { user: String(ids.proxy), group: String(ids.proxy) },
	proxyGroup: { user: String(ids.otherOfProxyGroup), group: String(ids.proxy) },
};

/** Docker may have a container answer at an own address. */
const recipients: Readonly<Record<Answerer, readonly Recipient[]>> = {
	remote: ['direct'],
	app: ['app'],
	container: ['app', 'direct'],
	'egress listener': ['egress listener'],
	'ingress listener': ['ingress listener'],
	nobody: ['dropped'],
};

/** Whoever listens there, Envoy among them. */
const untouched: readonly Recipient[] = ['app', 'direct'];

/** By the installed rules in any state, and by the settings while interception is on. */
export async function testExplained(
	context: TestContext,
	socket: string,
	state: string,
	calls: readonly Call[],
): Promise<void> {
	const client = createClient(socket);
	const explained = await fewAtATime(calls, AT_A_TIME, async (call) => ({
		call,
		reply: await client.explain(requestAbout(call)),
	}));
	for (const { call, reply } of explained)
		await context.test(`${state}, explained: ${call.title}`, () => {
			const { interception, connections } = reply;
			const [{ settings, kernel, drift } = assert.fail('nothing is explained')] = connections;
			const expected = interception === 'on' ? recipients[call.expected] : untouched;
			assert.ok(kernel && expected.includes(kernel.answer), `by what is installed: ${JSON.stringify(kernel)}`);
			if (interception !== 'on') return;
			assert.ok(expected.includes(settings.answer), `by the settings: ${JSON.stringify(settings)}`);
			assert.equal(drift, undefined);
		});
}

const AT_A_TIME = 8;
