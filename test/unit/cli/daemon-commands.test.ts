import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands } from '../../../src/cli/daemon-commands.ts';
import { plain } from '../../../src/cli/paint.ts';
import { exitCodeOf } from '../../../src/cli/wait.ts';
import { Failure } from '../../../src/failure.ts';
import type { Client, Sessions } from '../../../src/localapi/protocol.ts';
import type { Condition, Status } from '../../../src/status/types.ts';

const since = '2026-11-23T05:31:26.120Z';
const wrong = (subject: Condition['subject']): Condition => ({
	subject,
	ok: false,
	since,
	why: `${subject} why`,
	remedy: 'r',
});

const well: Status = {
	version: '0.1.0',
	wanted: 'enabled',
	is: 'enabled',
	since,
	backend: { name: 'iptables-nft', why: 'why' },
	families: ['ipv4'],
	envoy: { runtime: 'none', state: 'unmanaged', restarts: 0 },
	conditions: [{ subject: 'rules', ok: true, since }],
	repairs: { count: 0 },
	counters: { ingress: { connections: 0 }, egress: { connections: 0, direct: 0 }, dropped: 0, rules: [] },
	bypassing: 0,
	existing: 0,
};

describe('the exit code of a status', () => {
	const codes: readonly (readonly [string, Partial<Status>, number])[] = [
		['is 0 in the desired state', {}, 0],
		['is 0 if disabled is the desired state', { wanted: 'disabled', is: 'disabled' }, 0],
		['is 0 if only IPv6 bypasses Envoy', { conditions: [wrong('ipv6')] }, 0],
		['is 1 if rules differ from the desired state', { is: 'degraded', conditions: [wrong('rules')] }, 1],
		['is 1 if something is wrong with Envoy', { conditions: [wrong('ipv6'), wrong('envoy')] }, 1],
		['is 1 while rules wait for Envoy', { is: 'waiting' }, 1],
		['is 1 while they are lifted', { is: 'lifted' }, 1],
	];
	for (const [title, part, code] of codes) test(title, () => assert.equal(exitCodeOf({ ...well, ...part }), code));
});

test('every command prints its reply as JSON with --json', async () => {
	const diff = { same: false, differences: [{ family: 'ipv4', kind: 'missing', table: 'nat', line: '-A X' }] } as const;
	const client = clientOf({
		status: async () => well,
		raw: async () => ({ text: 'raw' }),
		enable: async () => well,
		disable: async () => ({ status: well, open: 2 }),
		reload: async () => ({ changed: ['appPorts'], notices: [], status: well }),
		update: async () => ({ changed: true, status: well }),
		diff: async () => diff,
		config: async () => ({ settings: [], presets: [], notices: [] }),
	});
	for (const [name, given, reply, code] of [
		['status', {}, well, 0],
		['status', { raw: true }, { text: 'raw' }, 0],
		['enable', {}, well, 0],
		['disable', { drain: '5' }, { status: well, open: 2 }, 0],
		['reload', {}, { changed: ['appPorts'], notices: [], status: well }, 0],
		['update', {}, { changed: true, status: well }, 0],
		['diff', {}, diff, 2],
		['wait', {}, well, 0],
		['config', {}, { settings: [], presets: [], notices: [] }, 0],
	] as const) {
		const printed = await run(name, client, given, true);
		assert.deepEqual([JSON.parse(printed.text), printed.code], [reply, code], name);
	}
});

test('enable ends connections only with --cut-existing, and prints how many', async () => {
	const asked: unknown[] = [];
	const answers: Status[] = [well, { ...well, cut: { ended: 3, left: 1, unheard: 0 } }, { ...well, is: 'waiting' }];
	const client = clientOf({
		enable: async (request) => {
			asked.push(request);
			return answers.shift() ?? well;
		},
	});
	assert.doesNotMatch((await run('enable', client, {})).text, /ended/);
	assert.match(
		(await run('enable', client, { 'cut-existing': true })).text,
		/^3 connections were ended, 1 left open\n/,
	);
	assert.match(
		(await run('enable', client, { 'cut-existing': true })).text,
		/^No connection was ended: Envoy does not listen yet\n/,
	);
	assert.deepEqual(asked, [{}, { cutExisting: true }, { cutExisting: true }]);
});

test('enable and reload send the SSH logins, and print the warning first', async () => {
	const asked: unknown[] = [];
	const warning = 'New connections from 203.0.113.10 …';
	const client = clientOf({
		enable: async (request) => {
			asked.push(request);
			return { ...well, warning };
		},
		reload: async (request) => {
			asked.push(request);
			return { changed: ['appPorts'], notices: [], warning, status: well };
		},
	});
	const logins = { session: '203.0.113.10 50000 10.77.0.2 22', sessions: ['203.0.113.11 50000 10.77.0.2 22'] };
	const over = (name: string) => run(name, client, {}, false, undefined, logins);
	assert.match((await over('enable')).text, /^New connections from 203\.0\.113\.10 …\n/);
	assert.match((await over('reload')).text, /^changed: appPorts\nNew connections from 203\.0\.113\.10 …\n/);
	assert.deepEqual(asked, [logins, logins]);
});

test('disable sends the drain time only if it was given', async () => {
	const asked: unknown[] = [];
	const client = clientOf({
		disable: async (request) => {
			asked.push(request);
			return { status: well };
		},
	});
	await run('disable', client, {});
	await run('disable', client, { drain: '5' });
	assert.deepEqual(asked, [{}, { drainSeconds: 5 }]);
	await assert.rejects(
		run('disable', client, { drain: '5s' }),
		/--drain takes a whole number from 0 to 999999, not "5s"/,
	);
});

describe('wait', () => {
	test('polls until everything is ready, also before the daemon runs', async () => {
		const starting: Status = { ...well, is: 'waiting', envoy: { ...well.envoy, state: 'starting' } };
		const looks = [new Failure('not-running', 'm', 'r'), starting, well];
		const { code } = await run('wait', clientOf({ status: async () => next(looks) }), { timeout: '10' });
		assert.deepEqual({ code, left: looks.length }, { code: 0, left: 0 });
	});

	test('fails at once without permission for the socket', async () => {
		const client = clientOf({ status: async () => next([new Failure('permission', 'closed to you', 'r')]) });
		await assert.rejects(run('wait', client, {}), /closed to you/);
	});

	test('reports what was missing at the timeout', async () => {
		const client = clientOf({ status: async () => ({ ...well, conditions: [wrong('ipv6'), wrong('envoy')] }) });
		await assert.rejects(run('wait', client, { timeout: '0' }), /after 0 s.* envoy why/);
		const nobody = clientOf({ status: async () => next([new Failure('not-running', 'm', 'r')]) });
		await assert.rejects(run('wait', nobody, { timeout: '0' }), /no daemon answers/);
	});
});

test('a followed stream ends without error on an abort, and with one if it breaks', async () => {
	const broken = clientOf({ follow: async () => Promise.reject(new Failure('not-running', 'gone', 'r')) });
	await assert.rejects(run('logs', broken, {}), /gone/);
	const stopped = AbortSignal.abort();
	assert.equal((await run('events', broken, {}, false, stopped)).code, 0);
});

test('update sends an image only if it was given, and prints whether Envoy was replaced', async () => {
	const asked: unknown[] = [];
	const client = clientOf({
		update: async (request) => {
			asked.push(request);
			return { changed: request.image !== undefined, status: { ...well, is: 'degraded' } };
		},
	});
	const [same, other] = [await run('update', client, {}), await run('update', client, { image: 'envoy:2' })];
	assert.deepEqual(asked, [{}, { image: 'envoy:2' }]);
	assert.match(same.text, /^Envoy is up to date\n/);
	assert.match(other.text, /^Envoy was replaced\n/);
	// The status of the reply decides the exit code, as with every change.
	assert.deepEqual([same.code, other.code], [1, 1]);
});

test('logs sends the number of lines, and prints each line', async () => {
	const asked: unknown[] = [];
	const client = clientOf({
		follow: async (stream, { follow, tail }, onLine) => {
			asked.push(stream, follow, tail);
			for (const line of ['one', 'two']) onLine(line);
		},
	});
	assert.equal((await run('logs', client, { tail: '2', follow: true })).text, 'one\ntwo\n');
	assert.deepEqual(asked, ['logs', true, 2]);
});

test('events are text for people and, with --json, the lines as they are; logs as JSON say which line', async () => {
	const asked: unknown[] = [];
	const event = JSON.stringify({ time: since, level: 'info', event: 'ready' });
	const client = clientOf({
		follow: async (stream, { tail }, onLine) => {
			asked.push(tail);
			onLine(stream === 'events' ? event : 'one "line"');
		},
	});
	assert.equal((await run('events', client, { tail: '3' })).text, '2026-11-23 05:31:26 ready\n');
	assert.equal((await run('events', client, {}, true)).text, `${event}\n`);
	assert.equal((await run('logs', client, {}, true)).text, '{"line":"one \\"line\\""}\n');
	assert.deepEqual(asked, [3, undefined, undefined]);
});

test('logs and events send --since as written, and reject an invalid time', async () => {
	const asked: unknown[] = [];
	const client = clientOf({
		follow: async (stream, { since, tail }) => {
			asked.push([stream, since, tail]);
		},
	});
	await run('logs', client, { since: '10m', tail: '5' });
	await run('events', client, { since: '2026-11-23T05:31:26+01:00' });
	await run('logs', client, {});
	assert.deepEqual(asked, [
		['logs', '10m', 5],
		['events', '2026-11-23T05:31:26+01:00', undefined],
		['logs', undefined, undefined],
	]);
	for (const name of ['logs', 'events'])
		for (const since of ['', 'yesterday', '10'])
			await assert.rejects(run(name, client, { since }), {
				code: 'usage',
				message: /--since takes a time ago such as 45s, 10m, .*, not "/,
			});
	assert.equal(asked.length, 3);
});

/** A client with the given answers. */
function clientOf(answers: Partial<Client>): Client {
	const unasked = async () => assert.fail('this must not be called');
	return {
		status: unasked,
		raw: unasked,
		enable: unasked,
		confirm: unasked,
		revert: unasked,
		disable: unasked,
		reload: unasked,
		update: unasked,
		diff: unasked,
		config: unasked,
		explain: unasked,
		follow: unasked,
		...answers,
	};
}

function next(looks: (Status | Failure)[]): Status {
	const look = looks.shift();
	if (look instanceof Error) throw look;
	return look ?? assert.fail('it looked once too often');
}

async function run(
	name: string,
	client: Client,
	given: Readonly<Record<string, string | boolean>>,
	isJson = false,
	signal: AbortSignal = new AbortController().signal,
	logins: Sessions = {},
): Promise<{ readonly code: number | undefined; readonly text: string }> {
	const texts: string[] = [];
	const out = (text: string) => texts.push(text);
	const terminal = { out, isJson, signal, paint: plain, sessions: async () => logins };
	const code = await commands[name]?.run(client, given, terminal, []);
	return { code, text: texts.join('') };
}
