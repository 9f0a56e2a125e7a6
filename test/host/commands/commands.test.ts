import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allDescribed } from '../../../src/commands/find.ts';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { installOthersRules, rulesOf, unprivileged } from '../../support/daemon.ts';
import { matchesGolden } from '../../support/golden.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);
const nowhere = '/nowhere/control.sock';
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));

const settings = [
	['--app-ports', '8080,9000-9100'],
	['--ignore-uids', '1337,2000-2009'],
	['--ignore-gids', '1337'],
	['--egress-ignored-ips', '169.254.169.254,10.0.0.0/8,fd00:ec2::254'],
	['--egress-ignored-ports', '22,25'],
	['--ingress-ignored-ips', '10.77.0.9,fd77::9'],
	['--interfaces-ignored', 'wg0,tun+'],
	['--bridges', 'docker0'],
].flat();

interface Refusal {
	readonly args: readonly string[];
	readonly code: number;
	readonly says: RegExp;
}

const refusals: readonly Refusal[] = [
	...['status', 'enable', 'disable', 'reload', 'diff', 'logs', 'events', 'prompt'].map((command) => ({
		args: [command, '--socket', nowhere],
		code: 3,
		says: /^turnout: Cannot reach the daemon: nothing answers on "?\/nowhere\/control\.sock"?\nStart it with `turnout run`/,
	})),
	{
		args: ['wait', '--timeout', '0', '--socket', nowhere],
		code: 1,
		says: /Timed out after 0 s: .*no daemon/,
	},
	{ args: ['enabel'], code: 64, says: /unknown command "enabel"; did you mean enable\?/ },
	{ args: ['xyzzy'], code: 64, says: /unknown command "xyzzy"$/m },
	{ args: ['disable', '--drain', '-1'], code: 64, says: /--drain needs a value; write --drain=VALUE/ },
	{ args: ['enable', '--confirm', '0'], code: 64, says: /--confirm takes a whole number from 1 to 86400, not "0"/ },
	{ args: ['status', '--colour'], code: 64, says: /unknown option '--colour'/ },
	{ args: ['status', 'now'], code: 64, says: /unexpected argument "now"/ },
	{ args: ['disable', '--drain='], code: 64, says: /--drain takes a whole number from 0 to 999999, not ""/ },
	{ args: ['disable', '--drain=-1'], code: 64, says: /--drain takes a whole number from 0 to 999999, not "-1"/ },
	{ args: ['wait', '--timeout', '1.5'], code: 64, says: /--timeout takes a whole number from 0 to 999999, not "1\.5"/ },
	{ args: ['logs', '--tail', 'all'], code: 64, says: /--tail takes a whole number from 0 to 999999, not "all"/ },
	{ args: ['config', 'chek'], code: 64, says: /config takes "check FILE", not "chek"/ },
	{ args: ['config', 'check'], code: 64, says: /config check takes a file/ },
	{ args: ['config', 'check', '/nowhere/turnout.yaml'], code: 1, says: /no such file or directory/ },
	{ args: ['render', '--family', 'ipv5'], code: 64, says: /Cannot render family "ipv5"\nAllowed: ipv4 or ipv6/ },
	{ args: ['render', '--app-ports', '0'], code: 1, says: /appPorts \(--app-ports\): "0" is not a port; allowed: / },
	{ args: ['run', '--egress-port', '15000'], code: 1, says: /ingressPort/ },
];

describe('the commands', () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	installOthersRules(lab.host);
	const untouched = rulesOf(lab.host);
	const { path: folder } = stack.use(createScratch('commands'));
	const run = (args: readonly string[], input = '') => outcomeOf(lab.host.spawn(turnoutProgram, args), input);

	test('every command has --help, and --help has every command', async () => {
		const names = Object.keys(await allDescribed());
		const helps = await Promise.all(names.map((name) => run([name, '--help'])));
		for (const [at, { code, stdout, stderr }] of helps.entries()) {
			assert.match(stdout, new RegExp(`^turnout ${names[at]}: `));
			assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
		}
		const { stdout } = await run(['--help']);
		for (const name of names) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
		assert.deepEqual(await run([]), { code: 64, stdout: '', stderr: stdout });
	});

	for (const { args, code, says } of refusals)
		test(`turnout ${args.join(' ')}: ends with ${code} and the reason, as text and as JSON`, async () => {
			const [text, json] = await Promise.all([run(args), run([...args, '--json'])]);
			assert.deepEqual([text.code, text.stdout, json.code, json.stdout], [code, '', code, '']);
			assert.match(text.stderr, /^turnout: (Cannot|Timed out) .+\n.+\n$/s);
			assert.match(text.stderr, says);
			const { error } = JSON.parse(json.stderr);
			assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy']);
			assert.equal(`turnout: ${error.message}\n${error.remedy}\n`, text.stderr);
		});

	test('version says which it is', async () => {
		assert.deepEqual(await run(['version']), { code: 0, stdout: `turnout ${version}\n`, stderr: '' });
		assert.equal((await run(['--version'])).stdout, `turnout ${version}\n`);
		assert.deepEqual(JSON.parse((await run(['version', '--json'])).stdout), { version });
	});

	test('config says each setting, its value, and which of file, variable and flag it came from', async () => {
		const file = join(folder, 'config.yaml');
		writeFileSync(file, 'appPorts: [8080, 9000-9100]\nenvoy:\n  adminPort: 9999\negressPort: 16001\n');
		const env = { APPMESH_ENVOY_EGRESS_PORT: '17001', APPMESH_ENVOY_INGRESS_PORT: '17000' };
		const args = ['config', '--config', file, '--ingress-port', '18000'];
		const { stdout, code } = turnout(lab.host, args, { env });
		assert.equal(code, 0);
		for (const line of [
			/^appPorts +8080,9000-9100 +.*config\.yaml:1$/m,
			/^envoy\.adminPort +9999 +.*config\.yaml:3$/m,
			/^egressPort +17001 +APPMESH_ENVOY_EGRESS_PORT$/m,
			/^ingressPort +18000 +--ingress-port$/m,
			/^ignoreUids +1337 +default$/m,
			/^ignoreGids +\(none\) +default$/m,
		])
			assert.match(stdout, line);
		const { settings } = JSON.parse(turnout(lab.host, [...args, '--json'], { env }).stdout);
		assert.deepEqual(settings[0], { key: 'startEnabled', value: '0', origin: 'default' });
	});

	test('config check says that a file has no mistakes, or all that it has at once', async () => {
		const file = join(folder, 'check.yaml');
		writeFileSync(file, 'appPorts: 8080\negressIgnoredIps: [10.0.0.1/8]\n');
		const good = await run(['config', 'check', file]);
		assert.equal(good.code, 0);
		assert.match(good.stdout, /check\.yaml has no mistakes\n.*10\.0\.0\.1\/8 has host bits set/);
		assert.partialDeepStrictEqual(JSON.parse((await run(['config', 'check', file, '--json'])).stdout), { ok: true });
		writeFileSync(file, 'appPorts: abc\negresPort: 1\nipv6: maybe\n');
		const bad = await run(['config', 'check', file]);
		assert.equal(bad.code, 1);
		for (const mistake of [
			/check\.yaml:1.*"abc" is not a port/,
			/check\.yaml:2.*unknown setting/,
			/check\.yaml:3.*"maybe"/,
		])
			assert.match(bad.stderr, mistake);
		assert.equal(JSON.parse((await run(['config', 'check', file, '--json'])).stderr).error.code, 'config');
	});

	for (const backend of ['iptables-nft', 'iptables-legacy', 'nft'])
		for (const family of ['ipv4', 'ipv6'])
			test(`render prints the ${family} document for ${backend}, also for nobody without a privilege`, async () => {
				const args = [...settings, '--backend', backend, '--family', family];
				const { code, stdout, stderr } = await outcomeOf(
					lab.host.spawn('setpriv', [...unprivileged(65534, 65534), turnoutProgram, 'render', ...args]),
				);
				assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
				matchesGolden(stdout, golden(`render-${backend}-${family}.txt`));
			});

	test('what render prints is what init commits', async () => {
		const rendered = JSON.parse((await run(['render', ...settings, '--json'])).stdout) as readonly {
			family: string;
			document: string;
		}[];
		const { code, stdout } = await run(['init', ...settings, '--json']);
		assert.equal(code, 0);
		assert.deepEqual(JSON.parse(stdout).families, ['ipv4', 'ipv6']);
		const held = rulesOf(lab.host).replaceAll("\\'", "'");
		for (const { document } of rendered)
			for (const line of document.split('\n').filter((each) => each.startsWith('-A ')))
				assert.ok(held.includes(line), line);
		assert.deepEqual(JSON.parse((await run(['clean', '--json'])).stdout), { clean: true });
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('what nobody reads to its end ends quietly', async () => {
		const command = `{ '${turnoutProgram}' run --help; echo "code $?" >&2; } | true`;
		const { stderr } = lab.host.tryRun('sh', ['-c', command]);
		assert.match(stderr, /^code \d+\n$/);
	});
});
