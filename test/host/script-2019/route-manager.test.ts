import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createNamespace, type Namespace, type Result } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { routeManagerProgram, turnoutProgram } from '../../lab/turnout.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { openTerminal } from '../../support/terminal.ts';

/** What the 2019 script said and how it ended, recorded from a real one. */
interface Conversation {
	readonly title: string;
	readonly env: Readonly<Record<string, string>>;
	readonly stdin: string;
	readonly stdout: string;
	readonly exitCode: number;
	/** Its status prints what the tools of its host print. */
	readonly headersOnly?: boolean;
	/** One of the script's flaws: what we do instead is written below. */
	readonly known_flaw?: boolean;
	readonly secondStart?: boolean;
}

const conversations: readonly Conversation[] = JSON.parse(
	readFileSync(join(import.meta.dirname, 'conversations.json'), 'utf8'),
);

/** Where the script dies half-way we either go on as it would have, or refuse before anything is touched. */
const goesOn = '=== Entering main loop ===\n';
const instead: Readonly<Record<string, string | RegExp>> = {
	'a second start on the same host': `${goesOn}=== Enabling routing ===\n`,
	'a second start on the same host, enabled': `=== Enabling routing ===\n${goesOn}`,
	'app port 70000, started enabled': /appPorts \(APPMESH_APP_PORTS\): "70000" is not a port; allowed: /,
	'app port abc, started enabled': /appPorts \(APPMESH_APP_PORTS\): "abc" is not a port; allowed: /,
	'app port 0, started enabled': /appPorts \(APPMESH_APP_PORTS\): "0" is not a port; allowed: /,
	'app port 8000,, started enabled': /appPorts \(APPMESH_APP_PORTS\): "8000," has an empty element; allowed: /,
	'app port 70000, enable from the loop': /appPorts \(APPMESH_APP_PORTS\): "70000" is not a port; allowed: /,
	'egress port 70000': /egressPort \(APPMESH_ENVOY_EGRESS_PORT\): "70000" is not a port; allowed: /,
	'ingress port 70000': /ingressPort \(APPMESH_ENVOY_INGRESS_PORT\): "70000" is not a port; allowed: /,
	'ignored port 70000': /egressIgnoredPorts \(APPMESH_EGRESS_IGNORED_PORTS\): "70000" is not a port; allowed: /,
	'egress port abc': /egressPort \(APPMESH_ENVOY_EGRESS_PORT\): "abc" is not a port; allowed: /,
	'ingress port abc': /ingressPort \(APPMESH_ENVOY_INGRESS_PORT\): "abc" is not a port; allowed: /,
	'ignored port abc': /egressIgnoredPorts \(APPMESH_EGRESS_IGNORED_PORTS\): "abc" is not a port; allowed: /,
	'a uid that is a word nobody bears': /ignoreUids \(APPMESH_IGNORE_UID\): unknown user "nosuchuser"/,
	'sixteen app ports': goesOn,
	'fifteen ignored ports: the added 22 is the sixteenth': goesOn,
	'a stray space before the comma in APPMESH_APP_PORTS': goesOn,
	'a stray space before the comma in APPMESH_EGRESS_IGNORED_PORTS': goesOn,
	'a stray space before the comma in APPMESH_EGRESS_IGNORED_IP': goesOn,
	'a stray space at the end in APPMESH_APP_PORTS': goesOn,
	'a stray space at the end in APPMESH_EGRESS_IGNORED_PORTS': goesOn,
	'a stray space at the end in APPMESH_EGRESS_IGNORED_IP': goesOn,
	'an IPv6 address among the ignored': goesOn,
	'two uids': goesOn,
	'an app port range with a hyphen': goesOn,
};

/** What the script refuses and AWS's later one, of 2023, takes: then as that. */
const later: Readonly<Record<string, string>> = {
	'APPMESH_APP_PORTS empty': `=== Input configuration ===
APPMESH_APP_PORTS=
APPMESH_EGRESS_IGNORED_IP=169.254.169.254,169.254.170.2
APPMESH_ENVOY_EGRESS_PORT=15001
APPMESH_ENVOY_INGRESS_PORT=15000
APPMESH_IGNORE_UID=1337
=== Initializing ===
${goesOn}`,
};

/** Both names that it is installed under. */
const programs: readonly (readonly [string, ...string[]])[] = [
	[routeManagerProgram],
	[turnoutProgram, 'route-manager'],
];

const usual = {
	APPMESH_IGNORE_UID: '1337',
	APPMESH_APP_PORTS: '8000',
	APPMESH_ENVOY_INGRESS_PORT: '15000',
	APPMESH_ENVOY_EGRESS_PORT: '15001',
};

describe('the 2019 script, word for word', { concurrency: 2 }, () => {
	for (const [at, conversation] of conversations.entries()) {
		const [program, ...args] = programs[at % programs.length] ?? [routeManagerProgram];
		test(conversation.title, async () => {
			using namespace = createNamespace('script');
			const start = () => startIn(namespace, program, args, conversation.env, conversation.stdin);
			if (conversation.secondStart) await start();
			const outcome = await start();
			assertAnswered(outcome, conversation);
			assertHolds(namespace, outcome.stdout, conversation.env);
		});
	}

	test('every flaw of the script has a test here', () => {
		const flaws = conversations.filter(({ known_flaw }) => known_flaw).map(({ title }) => title);
		assert.deepEqual(Object.keys(instead).sort(), flaws.sort());
	});

	for (const [program, ...args] of programs)
		test(`the prompt of ${[program, ...args].join(' ').replace(/.*dist./, '')} is on standard error, and on a terminal only`, async () => {
			using namespace = createNamespace('script');
			using scratch = createScratch('prompt');
			const errors = join(scratch.path, 'stderr');
			using terminal = openTerminal(namespace, `'${[program, ...args].join("' '")}' 2>${errors}`, usual);
			await terminal.shows(/=== Entering main loop ===/);
			terminal.type('help\n');
			await terminal.shows(/Available commands: quit, status, enable, disable/);
			terminal.type('quit\n');
			assert.equal(await terminal.ended, 0);
			assert.equal(readFileSync(errors, 'utf8'), '> > ');
			assert.doesNotMatch(terminal.screen(), /> /);
		});

	test('a node without listeners, whose app ports are set but empty: outbound traffic alone is captured', async () => {
		using namespace = createNamespace('script');
		const env = { ...usual, APPMESH_APP_PORTS: '', APPMESH_ENABLE_IPV6: '', APPMESH_START_ENABLED: '1' };
		const { code, stdout, stderr } = await startIn(namespace, routeManagerProgram, [], env, 'status\n');
		assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
		assert.match(stdout, /=== Enabling routing ===\n=== Entering main loop ===\n/);
		const rules = namespace.run('iptables-nft-save', ['-t', 'nat']);
		assert.match(rules, /-A APPMESH_EGRESS .*--to-ports 15001\n/);
		assert.doesNotMatch(rules, /--to-ports 15000/);
	});

	test('a variable that only looks like one of ours is ignored', async () => {
		using namespace = createNamespace('script');
		const env = { ...usual, APPMESH_APP_PORT: 'abc', APPMESH_IGNORE_UIDS: 'abc' };
		const { code, stderr } = await startIn(namespace, routeManagerProgram, [], env, '');
		assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
	});

	for (const signal of ['SIGTERM', 'SIGINT'] as const)
		test(`${signal} ends it in the middle of the loop, and the rules stay`, async () => {
			using namespace = createNamespace('script');
			const env = { ...usual, APPMESH_START_ENABLED: '1' };
			const child = namespace.spawn(routeManagerProgram, [], { env: environment(env) });
			const said = { text: '' };
			child.stdout?.on('data', (part) => {
				said.text += part;
			});
			while (!said.text.includes(goesOn)) await once(child.stdout ?? child, 'data');
			child.kill(signal);
			await once(child, 'close', { signal: AbortSignal.timeout(60_000) });
			assertHolds(namespace, said.text, env);
		});
});

/** Nothing of the caller's that the script's `env | grep` could find. */
const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
	PATH: process.env['PATH'],
	...env,
});

const startIn = (
	namespace: Namespace,
	program: string,
	args: readonly string[],
	env: Readonly<Record<string, string>>,
	input: string,
): Promise<Result> => outcomeOf(namespace.spawn(program, args, { env: environment(env) }), input);

/** What the script said until it died, and what follows where nothing dies. */
function inFull({ stdout }: Conversation, more: string): { readonly stdout: string; readonly exitCode: number } {
	return { stdout: stdout.endsWith(goesOn) ? stdout : stdout + more, exitCode: 0 };
}

function assertAnswered(outcome: Result, conversation: Conversation): void {
	const [otherwise, lately] = [instead[conversation.title], later[conversation.title]];
	if (otherwise instanceof RegExp) assertRefused(outcome, otherwise);
	else if (lately !== undefined) assertSaid(outcome, { ...conversation, stdout: lately, exitCode: 0 });
	else if (otherwise === undefined) assertSaid(outcome, conversation);
	else assertSaid(outcome, { ...conversation, ...inFull(conversation, otherwise) });
}

function assertSaid({ code, stdout, stderr }: Result, expected: Conversation): void {
	const said = expected.headersOnly ? headers : unordered;
	assert.equal(said(stdout), said(expected.stdout));
	assert.deepEqual({ code, stderr }, { code: expected.exitCode, stderr: '' });
}

function assertRefused({ code, stdout, stderr }: Result, why: RegExp): void {
	assert.match(stderr, /^turnout: Cannot /);
	assert.match(stderr, why);
	assert.doesNotMatch(stdout, /Entering main loop/);
	assert.equal(code, 1);
}

const headers = (text: string): string =>
	text
		.split('\n')
		.filter((line) => /^(=== |Available commands)/.test(line))
		.join('\n');

/**
 * The variables come in whatever order the environment has. Those that a shell could not name are not compared: whether
 * the launcher's sh(1) hands them on is its own business (dash does not, bash does).
 */
function unordered(text: string): string {
	const lines = text.split('\n').filter((line) => !/^\w+[^\w=]+\w+=/.test(line));
	const end = lines.indexOf('=== Initializing ===');
	return [...lines.slice(0, 1), ...lines.slice(1, Math.max(end, 1)).sort(), ...lines.slice(Math.max(end, 1))].join(
		'\n',
	);
}

/** After the last word that changed anything: a whole firewall, once, or nothing of it. */
function assertHolds(namespace: Namespace, stdout: string, env: Readonly<Record<string, string>>): void {
	const isOn = stdout.lastIndexOf('=== Enabling routing ===') > stdout.lastIndexOf('=== Disabling routing ===');
	const held = namespace.run('sh', ['-c', 'iptables-nft-save; ip rule; ip route show table 100 2>/dev/null || true']);
	if (!isOn) assert.doesNotMatch(held, /APPMESH_|0x1e7700ce|local default/);
	else assertWhole(held, env);
}

function assertWhole(held: string, env: Readonly<Record<string, string>>): void {
	const { APPMESH_ENVOY_EGRESS_PORT: egress, APPMESH_ENVOY_INGRESS_PORT: ingress } = env;
	assert.match(held, new RegExp(`-A APPMESH_INGRESS .*--to-ports ${ingress}\\n`));
	for (const once of [
		/-A OUTPUT .*-m tcp --tcp-flags FIN,SYN,RST,ACK SYN .*-j APPMESH_EGRESS\n/g,
		/-A OUTPUT .*-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN .*-j APPMESH_EGRESS\n/g,
		new RegExp(`-A APPMESH_EGRESS .*--to-ports ${egress}\\n`, 'g'),
		/fwmark 0x1e7700ce lookup 100/g,
		/local default dev lo/g,
	])
		assert.equal(held.match(once)?.length, 1, `${once} in ${held}`);
	for (const table of held.split('*')) {
		const rules = table.split('\n').filter((line) => line.startsWith('-A '));
		assert.equal(new Set(rules).size, rules.length, table);
	}
}
