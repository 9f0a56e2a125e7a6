import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Screen } from '../../../src/cli/terminal-screen.ts';
import { runTop } from '../../../src/cli/top.ts';
import { topText } from '../../../src/cli/top-text.ts';
import type { Client } from '../../../src/localapi/protocol.ts';
import type { Status } from '../../../src/status/types.ts';

const statusOf = (captured: number, direct: number, more: Partial<Status> = {}): Status => ({
	...{ version: '0.1.0', wanted: 'enabled', is: 'enabled', since: '2026-11-23T05:31:26.120Z' },
	...{
		backend: { name: 'nft', why: '' },
		families: ['ipv4'],
		conditions: [],
		repairs: { count: 2 },
		bypassing: 1,
		existing: 1,
	},
	envoy: { runtime: 'process', state: 'live', version: '1.40.0', restarts: 3, lastExit: 'ended by SIGKILL' },
	counters: {
		...{ ingress: { connections: 0 }, egress: { connections: captured, direct }, dropped: 0 },
		rules: [
			{ direction: 'egress', verdict: 'captured', setting: 'egressPort', count: captured },
			{ direction: 'egress', verdict: 'direct', setting: 'egressIgnoredPorts', count: direct },
		],
	},
	...more,
});

test('one look has totals, by direction, verdict and the setting that decides', () => {
	assert.equal(
		topText({ status: statusOf(40, 3), atMs: 0 }),
		`turnout 0.1.0: enabled, nft, ipv4
Envoy: live (1.40.0), restarts: 3, the last instance ended by SIGKILL
repairs: 2; open connections past Envoy: 1

direction  verdict   decided by          per s  total
ingress    captured  all                     -      0
egress     captured  all                     -     40
egress     direct    all                     -      3
egress     captured  egressPort              -     40
egress     direct    egressIgnoredPorts      -      3
`,
	);
});

test('two looks have rates, and what is wrong is told', () => {
	const wrong = { subject: 'rules', ok: false, since: '', why: 'somebody\u001b[2J', remedy: '' } as const;
	const now = { status: statusOf(50, 3, { conditions: [wrong] }), atMs: 2_000 };
	const text = topText(now, { status: statusOf(40, 5), atMs: 0 });
	assert.match(text, /^egress +captured +egressPort +5\.0 +50$/m);
	// A daemon that was started anew counts from the beginning.
	assert.match(text, /^egress +direct +egressIgnoredPorts +0\.0 +3$/m);
	assert.match(text, /\n!! rules: somebody\\u001b\[2J\n$/);
});

const signal = new AbortController().signal;

function watched(screen: Screen | undefined, isJson = false) {
	const texts: string[] = [];
	const client = { status: async () => statusOf(1, 0) } as Partial<Client> as Client;
	const terminal = { out: (text: string) => void texts.push(text), isJson, signal, sessions: async () => ({}), screen };
	return { texts, ended: runTop(client, {}, terminal) };
}

test('without a terminal it prints one look and ends', async () => {
	const { texts, ended } = watched(undefined);
	assert.equal(await ended, 0);
	assert.equal(texts.length, 1);
	const asJson = watched(undefined, true);
	await asJson.ended;
	assert.equal((JSON.parse(asJson.texts.join('')) as Status).counters.egress.connections, 1);
});

for (const key of ['q', '\u0003'])
	test(`on a terminal ${key === 'q' ? 'q' : 'Ctrl-C'} ends it, and the screen is as before`, async () => {
		const heard: { press?: (key: string) => void } = {};
		const { texts, ended } = watched({
			rows: () => 6,
			onKey: (press) => {
				heard.press = press;
			},
		});
		await new Promise((resolve) => setImmediate(resolve));
		heard.press?.('x');
		heard.press?.(key);
		assert.equal(await ended, 0);
		assert.equal(texts.at(0), '\u001b[?1049h\u001b[?25l');
		assert.equal(texts.at(-1), '\u001b[?1049l\u001b[?25h');
		assert.ok((texts[1] ?? '').split('\n').length <= 6, 'no line more than the terminal has');
	});
