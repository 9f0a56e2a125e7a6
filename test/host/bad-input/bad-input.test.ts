import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allSettings, flagOf } from '../../../src/config/names.ts';
import { assertRefused, assertRefusedJson } from '../../support/refusal.ts';
import { createVictim } from '../../support/victim.ts';

type Texts = Readonly<Record<string, string>>;

const victim = createVictim();
after(() => victim[Symbol.dispose]());

const asFlags = (texts: Texts): string[] => Object.entries(texts).map(([key, text]) => `--${flagOf(key)}=${text}`);
const asVariables = (texts: Texts): Texts =>
	Object.fromEntries(Object.entries(texts).map(([key, text]) => [allSettings.get(key)?.variable ?? key, text]));
const asYaml = (texts: Texts): string =>
	Object.entries(texts)
		.map(([key, text]) => `${key}: ${JSON.stringify(text)}\n`)
		.join('');

function fileWith(name: string, text: string): string {
	const path = join(victim.folder, name);
	writeFileSync(path, text);
	return path;
}

// biome-ignore format: a table
/** Setting, value, and what is allowed: the first key's origin is looked for by all three ways of writing it. */
const wrong: readonly (readonly [title: string, texts: Texts, says: readonly (RegExp | string)[]])[] = [
	['port 0', { appPorts: '0' }, ['"0" is not a port', 'ports from 1 to 65535']],
	['port 70000', { appPorts: '70000' }, ['"70000" is not a port', 'ports from 1 to 65535']],
	['a word for a port', { appPorts: 'abc' }, ['"abc" is not a port', 'ports from 1 to 65535']],
	['a gap in a list', { appPorts: '8080,,9090' }, ['"8080,,9090" has an empty element', 'separated by commas']],
	['a range from high to low', { appPorts: '80-70' }, ['"80-70" is a range from high to low', 'such as 9000-9100']],
	['an empty port', { ingressPort: '' }, ['it is empty', 'one port from 1 to 65535']],
	['an address with a zone', { egressIgnoredIps: 'fe80::1%eth0' }, ['"fe80::1%eth0"', 'a zone', 'IPv4 and IPv6 addresses']],
	['a name for an address', { egressIgnoredIps: 'example.com' }, ['"example.com"', 'host names are not resolved', 'addresses']],
	['a prefix that is too long', { ingressIgnoredIps: '10.0.0.0/33' }, ['"10.0.0.0/33"', '32 bits', 'addresses']],
	['a user that does not exist', { ignoreUids: 'nobody-here' }, ['unknown user "nobody-here"', 'names that this host knows']],
	['a group that does not exist', { ignoreGids: 'nobody-here' }, ['unknown group "nobody-here"', 'names that this host knows']],
	['neither user nor group', { ignoreUids: '', ignoreGids: '' }, ['neither a user nor a group', 'at least one of']],
	['one port for both directions', { egressPort: '15000' }, ['15000', 'ingressPort', 'two different ports']],
	['an app on the ingress port', { appPorts: '80,15000' }, ['15000 is ingressPort', 'that Envoy does not listen on']],
	['an app on the egress port', { appPorts: '15001' }, ['15001 is egressPort', 'that Envoy does not listen on']],
	['an app on the admin port', { appPorts: '9000-9999' }, ['9901 is envoy.adminPort', 'that Envoy does not listen on']],
	['an app port that is ignored', { appPorts: '20-30' }, ['22', 'ingressIgnoredPorts', 'ports that are not ignored']],
	['a socket path that is too long', { socket: `/${'x'.repeat(107)}` }, ['108 bytes', 'at most 107 bytes']],
	['a relative socket path', { socket: 'control.sock' }, ['"control.sock"', 'an absolute path']],
	['a backend that there is not', { backend: 'ipfw' }, ['ipfw', 'auto, iptables-nft, iptables-legacy']],
];

for (const [title, texts, says] of wrong)
	test(`${title} is refused as a flag, a variable and in a file, by init and by run`, async () => {
		const [key = ''] = Object.keys(texts);
		const file = fileWith('wrong.yaml', `# settings\n${asYaml(texts)}`);
		const [byFlag, byVariable, byFile] = await Promise.all([
			victim.turnout(['init', ...asFlags(texts)]),
			victim.turnout(['init', '--json'], { env: asVariables(texts) }),
			// A variable would go before the file.
			victim.daemon(['--config', file], key === 'socket' ? { env: { TURNOUT_SOCKET: undefined } } : {}),
		]);
		assertRefused(byFlag, { says: [`${key} (--${flagOf(key)})`, ...says] });
		assertRefusedJson(byVariable, { says: [`${key} (${allSettings.get(key)?.variable})`, ...says] });
		assertRefused(byFile, { says: [`${key} (${file}:2)`, ...says] });
		await victim.assertUntouched();
	});

test('all mistakes are reported at once with their places, and the same by init, run and config check', async () => {
	const file = fileWith('mistakes.yaml', 'appPort: 8080\nenvoy:\n  adminPort: 70000\nbridges: [docker0, "a b"]\n');
	const says = [
		`${file}:1: unknown setting "appPort"; did you mean "appPorts"?`,
		`envoy.adminPort (${file}:3): "70000" is not a port`,
		`bridges (${file}:4): "a b" is not an interface name`,
		'TURNOUT_BACKENDS: unknown variable; did you mean TURNOUT_BACKEND?',
		'APPMESH_APP_PORT: unknown variable; did you mean APPMESH_APP_PORTS?',
		'egressPort (APPMESH_ENVOY_EGRESS_PORT): "x" is not a port',
		'6 mistakes:',
	];
	const env = { TURNOUT_BACKENDS: 'x', APPMESH_APP_PORT: '1', APPMESH_ENVOY_EGRESS_PORT: 'x' };
	const [init, daemon, check] = await Promise.all([
		victim.turnout(['init', '--config', file], { env }),
		victim.daemon(['--config', file], { env }),
		victim.turnout(['config', 'check', file], { env }),
	]);
	for (const outcome of [init, daemon, check]) assertRefused(outcome, { says });
	await victim.assertUntouched();
});

const files: readonly (readonly [title: string, make: (path: string) => void, says: readonly (RegExp | string)[]])[] = [
	['broken YAML', (path) => writeFileSync(path, 'appPorts: 8080\nbridges: [docker0\n'), [/file:[23]: invalid YAML: ./]],
	['a key that stands twice', (path) => writeFileSync(path, 'guard: 1\nguard: 0\n'), [/file:2: invalid YAML: ./]],
	['text that is not settings', (path) => writeFileSync(path, 'hello\n'), ['contains no settings', 'appPorts: 8080']],
	['a directory', (path) => mkdirSync(path), ['Cannot read the settings file', 'it is a directory', '--config']],
	['a missing file', () => undefined, ['Cannot read the settings file', 'no such file or directory', '--config']],
	['zeros', (path) => writeFileSync(path, Buffer.alloc(4096)), ['file']],
];

for (const [title, make, says] of files)
	test(`${title} as the settings file is refused`, async () => {
		const path = join(victim.folder, title.replaceAll(' ', '-'), 'file');
		mkdirSync(join(path, '..'));
		make(path);
		const [init, daemon] = await Promise.all([
			victim.turnout(['init', '--json', '--config', path]),
			victim.daemon(['--config', path]),
		]);
		assertRefusedJson(init, { says: [path, ...says] });
		assertRefused(daemon, { says: [path, ...says] });
		await victim.assertUntouched();
	});

test('a settings file that may not be read is refused, and says that it is its permissions', async () => {
	const path = fileWith('closed.yaml', 'appPorts: 8080\n');
	chmodSync(path, 0o000);
	const through = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
	for (const outcome of await Promise.all([
		victim.turnout(['init', '--config', path], { through }),
		victim.daemon(['--config', path], { through }),
	]))
		assertRefused(outcome, { says: [path, 'permission denied'] });
	await victim.assertUntouched();
});

test('an unknown command, option or word exits with 64', async () => {
	const usage: readonly (readonly [readonly string[], string])[] = [
		[['inti'], 'inti'],
		[['init', '--app-port=8080'], '--app-port'],
		[['init', 'now'], 'now'],
		[['init', '--app-ports'], '--app-ports'],
		[['init', '--json=yes'], '--json'],
		[['run', '--app-ports', '--json'], '--app-ports'],
		[['config', 'chek', '/etc/turnout.yaml'], 'chek'],
		[['config', 'check'], 'file'],
		[['render', '--family', 'ipv5'], 'ipv5'],
		[['disable', '--drain', 'soon'], 'soon'],
	];
	const outcomes = await Promise.all(usage.map(([args]) => victim.turnout(args)));
	for (const [at, outcome] of outcomes.entries()) {
		const { code, stdout, stderr } = outcome;
		assert.equal(code, 64, stderr);
		assert.equal(stdout, '');
		assert.ok(stderr.includes(usage[at]?.[1] ?? ''), stderr);
	}
	await victim.assertUntouched();
});

test('commands that need a daemon exit with 3 where there is none', async () => {
	const socket = join(victim.folder, 'nobody.sock');
	const words = ['enable', 'disable', 'status', 'reload', 'diff'];
	const asked = words.map((word) => victim.turnout([word, '--socket', socket]));
	const json = await victim.turnout(['status', '--json', '--socket', socket]);
	for (const outcome of await Promise.all(asked)) assertRefused(outcome, { code: 3, says: [socket, 'turnout run'] });
	assertRefusedJson(json, { code: 3, says: [socket] });
	await victim.assertUntouched();
});

test('an empty or too long socket path is told to whoever asks the daemon, and nobody else is asked', async () => {
	for (const socket of ['', `/${'x'.repeat(107)}`]) {
		const [flag, variable] = await Promise.all([
			victim.turnout(['status', `--socket=${socket}`]),
			victim.turnout(['status'], { env: { TURNOUT_SOCKET: socket } }),
		]);
		assertRefused(flag, { says: [/socket/, socket === '' ? /empty/ : /107 bytes/] });
		assertRefused(variable, { says: [/socket/, socket === '' ? /empty/ : /107 bytes/] });
	}
});
