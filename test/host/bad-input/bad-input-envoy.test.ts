// An Envoy of ours that cannot be had: it is missing, ends at once, is never ready, or somebody else has its ports.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { type Outcome, startDaemon } from '../../lab/turnout.ts';
import { ownLines } from '../../support/daemon.ts';
import { assertRefused, assertRefusedJson } from '../../support/refusal.ts';
import { createVictim } from '../../support/victim.ts';

const victim = createVictim();
after(() => victim[Symbol.dispose]());
const envoy = await findEnvoy();

function file(name: string, text: string, mode = 0o755): string {
	const path = join(victim.folder, name);
	writeFileSync(path, text, { mode });
	return path;
}
const script = (name: string, ...lines: readonly string[]): string => file(name, `#!/bin/sh\n${lines.join('\n')}\n`);

/** Rules are wanted at once, so that it is Envoy alone that keeps them away. */
function start(name: string, command: string, ...more: readonly string[]): Promise<Outcome> {
	const args = ['--envoy-runtime', 'process', '--envoy-command', command];
	const own = ['--socket', join(victim.folder, `${name}.sock`), '--state-directory', join(victim.folder, name)];
	return victim.daemon([...args, ...own, '--app-ports', '8080', '--start-enabled', '1', ...more]);
}

type Case = readonly [title: string, command: string, says: readonly (RegExp | string)[], more?: readonly string[]];

const soon = ['--envoy-start-seconds', '1'];

/** No two of them want the same port, so all are tried at once. */
async function refuseAll(cases: readonly Case[]): Promise<void> {
	const outcomes = await Promise.all(
		cases.map(([, command, , more = []], at) => start(`case-${at}`, command, ...more)),
	);
	for (const [at, outcome] of outcomes.entries())
		assertRefused(outcome, { says: ['Cannot start Envoy', 'envoy.c', ...(cases[at]?.[2] ?? [])] });
	await victim.assertUntouched();
}

test('an Envoy that is not there, or is no program, is refused with its name and the setting', () =>
	refuseAll([
		['by name', 'no-such-envoy', ['there is no program "no-such-envoy"', 'TURNOUT_ENVOY_COMMAND', 'Install Envoy']],
		['by path', '/nowhere/envoy', ['there is no program "/nowhere/envoy"']],
		['a folder', victim.folder, [victim.folder]],
		['not executable', file('plain', '#!/bin/sh\n', 0o644), [join(victim.folder, 'plain')]],
		['of root alone', file('private', '#!/bin/sh\n', 0o700), [join(victim.folder, 'private'), 'does not run']],
		['for no interpreter', file('no-interpreter', '#!/nowhere/sh\n'), [/no-interpreter/, 'does not run']],
		['with words behind it', `${envoy} -l debug`, ['there is no program']],
	]));

test('an Envoy whose user a service may not become is refused with what gives it the right', async () => {
	using lab = createHost({ container: false });
	const args = ['--envoy-runtime', 'process', '--envoy-command', envoy, '--start-enabled', '1'];
	const through = ['setpriv', '--bounding-set=-setuid,-setgid'];
	await using daemon = await startDaemon(lab.host, { args, through });
	assert.equal(await daemon.ended, 1);
	assert.match(daemon.log(), /^turnout: Cannot start Envoy: .* does not run: .*EPERM/m);
	assert.match(daemon.log(), /it needs `\/opt\/turnout\/service set-up process`$/m);
	assert.equal(ownLines(lab.host), 0);
});

test('an Envoy that ends at once is refused with its exit code and its own last words', () =>
	refuseAll([
		['silently', '/bin/false', ['Envoy ended with code 1']],
		['with success', '/bin/true', ['Envoy ended with code 0']],
		['with words', script('words', 'echo first', 'echo "its last words" >&2', 'exit 3'), ['code 3', 'its last words']],
		['in the middle of a line', script('line', 'printf "no line end" >&2', 'exit 3'), ['code 3', 'no line end']],
		['by a signal', script('signal', 'kill -SEGV $$'), ['SIGSEGV']],
		['with a child left', script('child', 'sleep 300 &', 'exit 4'), ['code 4']],
		['with colours', script('colours', 'printf "\\033[31mred\\033[0m\\n" >&2', 'exit 5'), ['code 5', 'red']],
	]));

const admin = 'admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9902}}}\n';
/** Time enough for a real Envoy to be LIVE on a busy machine; the deaf one takes as long. */
const elsewhere = ['--envoy-admin-port', '9902', '--envoy-start-seconds', '15', '--envoy-config'];
const answersNonsense = `require('node:http').createServer((_, reply) => reply.end('hello')).listen(9903, '127.0.0.1');`;

test('an Envoy that is never LIVE, or LIVE and listens elsewhere, is ended when its time is over, with all it started', () =>
	refuseAll([
		[
			'silent',
			script('silent', 'exec sleep 300'),
			['not LIVE within 1 s', 'no answer on its admin interface', 'startSeconds'],
			soon,
		],
		['with a child', script('wrapper', 'sleep 300', 'echo'), ['not LIVE within 1 s'], soon],
		['deaf', script('deaf', 'trap "" TERM INT', 'while :; do sleep 1; done'), ['not LIVE within 1 s'], soon],
		[
			'no Envoy',
			file('no-envoy', `#!${process.execPath}\n${answersNonsense}\n`),
			['not LIVE within 1 s'],
			[...soon, '--envoy-admin-port', '9903'],
		],
		[
			'LIVE elsewhere',
			envoy,
			['LIVE, but nothing listens on', '15000 (ingressPort)', '15001 (egressPort)'],
			[...elsewhere, file('elsewhere.yaml', admin)],
		],
	]));

test('a bootstrap that Envoy refuses is refused in the words of Envoy', async () => {
	const bootstraps = [
		// Protobuf puts in blanks by chance, so that no program may rely on its words.
		[file('unknown.json', '{"nonsense": 1}'), /no\s+such\s+field:\s+'nonsense'/],
		[file('broken.yaml', 'static_resources: [\n'), /broken\.yaml|yaml|YAML/],
		[file('of-root-alone.yaml', admin, 0o600), /of-root-alone\.yaml/],
	] as const;
	const outcomes = await Promise.all(
		bootstraps.map(([path], at) => start(`bootstrap-${at}`, envoy, '--envoy-config', path, '--json')),
	);
	for (const [at, outcome] of outcomes.entries())
		assertRefusedJson(outcome, { says: ['Cannot start Envoy: Envoy ended with code 1', bootstraps[at]?.[1] ?? ''] });
	assertRefusedJson(await start('bootstrap-missing', envoy, '--envoy-config', '/nowhere/missing.json', '--json'), {
		says: ['Cannot start Envoy: its file /nowhere/missing.json cannot be read: no such file or directory'],
	});
	await victim.assertUntouched();
});

const takers = [
	[15000, 'ingressPort', '::'],
	[15001, 'egressPort', '127.0.0.1'],
	[9901, 'envoy.adminPort', '0.0.0.0'],
] as const;

test('a port of Envoy that somebody has already is refused, and the program and its process are named', async () => {
	using taker = createPeer(victim.host, { uid: 1000 });
	for (const [port, key, address] of takers) {
		const sign = await taker.listen('somebody', [port], { address });
		const outcome = await start(`taken-${port}`, envoy);
		assertRefused(outcome, {
			says: [`port ${port} (${key}) is taken by`, new RegExp(`taken by \\S+ \\(pid ${taker.pid}\\)`), `set ${key}`],
		});
		await sign.close();
	}
	taker[Symbol.dispose]();
	await victim.assertUntouched();
});
