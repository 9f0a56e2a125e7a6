import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { askSocket } from '../../lab/net/socket.ts';
import { assertExposition, samplesIn } from '../../support/exposition.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { withDaemon } from '../../support/with-daemon.ts';

describe('the socket of a daemon', async () => {
	const { daemon } = suiteStack().use(await withDaemon());
	const get = async (path: string) => askSocket(daemon.socket, 'GET', path);
	const status = daemon.readStatus;

	test('it is open to its owner and its group only', () => {
		const socket = statSync(daemon.socket);
		assert.ok(socket.isSocket());
		assert.equal(socket.mode & 0o777, 0o660);
	});

	test('config over the socket lists the settings of the running daemon, and the origin of each', async () => {
		const { settings } = JSON.parse((await get('/v1/config')).text);
		const of = (name: string) => settings.find(({ key }: { key: string }) => key === name);
		assert.deepEqual(of('appPorts'), { key: 'appPorts', value: '8080', origin: '--app-ports' });
		assert.deepEqual(of('egressPort'), { key: 'egressPort', value: '15001', origin: 'default' });
	});

	for (const [what, verb, path, body, expected, says] of wrongRequests)
		test(`over the socket ${what} gets ${expected} with the reason`, async () => {
			const wanted = (await status()).wanted;
			const { status: code, text } = await askSocket(daemon.socket, verb, path, body);
			assert.equal(code, expected);
			const { error } = JSON.parse(text);
			assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy']);
			assert.match(`${error.message} ${error.remedy}`, says);
			assert.equal((await status()).wanted, wanted);
		});

	test('the metrics are valid for Prometheus and agree with status', async () => {
		const args = ['-sS', '--include', '--unix-socket', daemon.socket, 'http://turnout/metrics'];
		const [head = '', text = ''] = (await promisify(execFile)('curl', args)).stdout.split('\r\n\r\n');
		assert.match(head, /^HTTP\/1\.1 200 /);
		assert.match(head, /^content-type: text\/plain; version=0\.0\.4; charset=utf-8\r?$/m);
		assertExposition(text);
		const said = (metric: string, label: string) =>
			samplesIn(text).find(({ name, labels }) => name === metric && Object.values(labels).includes(label))?.value;
		const { wanted, is, envoy, version } = await status();
		assert.equal(said('turnout_interception_wanted', wanted), 1);
		assert.equal(said('turnout_interception_is', is), 1);
		assert.equal(said('turnout_envoy_state', envoy.state), 1);
		assert.equal(said('turnout_info', version), 1);
		for (const [name, least, most] of [
			['turnout_start_time_seconds', Date.now() / 1_000 - 600, Date.now() / 1_000],
			['turnout_resident_memory_bytes', 10_000_000, 1_000_000_000],
		] as const) {
			const value = samplesIn(text).find((sample) => sample.name === name)?.value ?? 0;
			assert.ok(least < value && value < most, `${name} ${value}`);
		}
	});

	test('events can be asked for since a moment', async () => {
		assert.match((await get('/v1/events?since=10m')).text, /"event":"ready"/);
		assert.equal((await get('/v1/events?since=2999-01-01T00:00:00+01:00')).text, '');
		assert.match(daemon.ask('events', '--since', '1h').stdout, /^[\d-]+ [\d:]+ ready /m);
		const refused = daemon.ask('logs', '--since', 'yesterday');
		assert.equal(refused.code, 64);
		assert.match(refused.stderr, /--since takes a time ago such as 45s, 10m, .*, not "yesterday"/);
	});

	test('an unknown path gets the list of the known ones', async () => {
		const { text } = await get('/v1/stats');
		for (const path of ['status', 'enable', 'disable', 'reload', 'diff', 'config', 'logs', 'events'])
			assert.match(text, new RegExp(`/v1/${path}\\b`));
		assert.match(text, / \/metrics\b/);
	});
});

type Request = readonly [what: string, verb: string, path: string, body: string, expected: number, says: RegExp];

const wrongRequests: readonly Request[] = [
	['an unknown path', 'GET', '/v1/stats', '', 404, /no such path \/v1\/stats Known: \/v1\/status, /],
	['no path at all', 'GET', '/', '', 404, /Known: /],
	['a path that is none', 'GET', '//', '', 404, /Known: /],
	['a question as a command', 'POST', '/v1/status', '', 405, /\/v1\/status does not accept POST Use GET/],
	['a command as a question', 'GET', '/v1/enable', '', 405, /\/v1\/enable does not accept GET Use POST/],
	['a stream as a command', 'POST', '/v1/logs', '', 405, /\/v1\/logs does not accept POST Use GET/],
	['a body that is no JSON', 'POST', '/v1/enable', '{', 400, /not a JSON object/],
	['a body that is no object', 'POST', '/v1/enable', '[]', 400, /not a JSON object/],
	['a body that is nothing', 'POST', '/v1/disable', 'null', 400, /not a JSON object/],
	['a word that is not known', 'POST', '/v1/enable', '{"force":true}', 400, /unknown member "force"/],
	['a time to drain below zero', 'POST', '/v1/disable', '{"drainSeconds":-1}', 400, /whole number from 0 to 3600/],
	['a time to drain as text', 'POST', '/v1/disable', '{"drainSeconds":"5"}', 400, /whole number from 0 to 3600/],
	['a number of lines that is none', 'GET', '/v1/logs?tail=all', '', 400, /tail is "all" Allowed: a number/],
	['a time that is none', 'GET', '/v1/logs?since=yesterday', '', 400, /since is "yesterday" Allowed: a time ago such/],
	['metrics as a command', 'POST', '/metrics', '', 405, /\/metrics does not accept POST Use GET/],
	['a body over 64 KiB', 'POST', '/v1/disable', `{"drainSeconds":${' '.repeat(65 * 1024)}5}`, 413, /over 64 KiB/],
];
