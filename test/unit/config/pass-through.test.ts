import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { passThrough, passThroughNames } from '../../../src/config/pass-through.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { isPrintable } from '../../support/printable.ts';
import { mistakesIn, readLayers } from '../../support/setting-samples.ts';

const anyFile = () => undefined;

describe("variables of Envoy's images", () => {
	test("the variables of the 2019 guide's `docker run` are passed through, also under their later names", () => {
		const { env, files, mistakes } = passThrough(
			{
				APPMESH_VIRTUAL_NODE_NAME: 'mesh/m/virtualNode/n',
				ENABLE_ENVOY_XRAY_TRACING: '1',
				XRAY_DAEMON_PORT: '2000',
				ENABLE_ENVOY_DOG_STATS: '1',
				STATSD_PORT: '8125',
				ENVOY_STATS_CONFIG_FILE: '/etc/stats.yaml',
				AWS_REGION: 'us-west-2',
			},
			anyFile,
		);
		assert.deepEqual(mistakes, []);
		assert.deepEqual(files, ['/etc/stats.yaml']);
		assert.deepEqual(env, {
			APPMESH_VIRTUAL_NODE_NAME: 'mesh/m/virtualNode/n',
			APPMESH_RESOURCE_NAME: 'mesh/m/virtualNode/n',
			ENABLE_ENVOY_XRAY_TRACING: '1',
			XRAY_DAEMON_PORT: '2000',
			ENABLE_ENVOY_DOG_STATS: '1',
			ENABLE_ENVOY_DOG_STATSD: '1',
			STATSD_PORT: '8125',
			ENVOY_STATS_CONFIG_FILE: '/etc/stats.yaml',
			AWS_REGION: 'us-west-2',
		});
	});

	test('one name of a variable sets the others; if all are given, each keeps its value', () => {
		for (const [old, later] of [
			['APPMESH_VIRTUAL_NODE_NAME', 'APPMESH_RESOURCE_NAME'],
			['APPMESH_VIRTUAL_NODE_CLUSTER', 'APPMESH_RESOURCE_CLUSTER'],
			['ENABLE_ENVOY_DOG_STATS', 'ENABLE_ENVOY_DOG_STATSD'],
		] as const) {
			assert.deepEqual(envOf({ [old]: '1' }), { [old]: '1', [later]: '1' });
			assert.deepEqual(envOf({ [later]: '1' }), { [old]: '1', [later]: '1' });
			assert.deepEqual(envOf({ [old]: '0', [later]: '1' }), { [old]: '0', [later]: '1' });
			assert.deepEqual(envOf({ [old]: ' ', [later]: '1' }), { [old]: '1', [later]: '1' });
		}
	});

	test('an ARN is passed through without being turned into names', () => {
		assert.deepEqual(envOf({ APPMESH_RESOURCE_ARN: 'arn:aws:appmesh:x' }), {
			APPMESH_RESOURCE_ARN: 'arn:aws:appmesh:x',
		});
	});

	test('empty counts as unset, and values are trimmed', () => {
		assert.deepEqual(envOf(Object.fromEntries(passThroughNames.map((name) => [name, ' ']))), {});
		assert.deepEqual(envOf({ STATSD_PORT: ' 8125\n', ENABLE_ENVOY_XRAY_TRACING: ' true ', APPMESH_PREVIEW: 'false' }), {
			STATSD_PORT: '8125',
			ENABLE_ENVOY_XRAY_TRACING: '1',
			APPMESH_PREVIEW: '0',
		});
	});

	test('a socket need not be there yet; its path is absolute, and not longer than the kernel takes', () => {
		const read = (path: string) => {
			const { env, mistakes } = passThrough({ APPMESH_SDS_SOCKET_PATH: path }, () => 'no such file');
			return [Object.values(env), mistakes];
		};
		assert.deepEqual(read(' /run/spire/agent.sock'), [['/run/spire/agent.sock'], []]);
		const allowed = 'allowed: the absolute path of a unix socket, of at most 107 bytes';
		assert.deepEqual(read('agent.sock'), [
			[],
			[`APPMESH_SDS_SOCKET_PATH: "agent.sock" does not begin with /; ${allowed}`],
		]);
		const [, mistakes] = read(`/${'a'.repeat(107)}`);
		assert.match(String(mistakes), /^APPMESH_SDS_SOCKET_PATH: "\/a+.*" has 108 bytes; allowed: /);
	});

	test('credentials and unrelated variables are not passed through', () => {
		const others = {
			AWS_ACCESS_KEY_ID: 'id',
			AWS_SECRET_ACCESS_KEY: 'key',
			AWS_SESSION_TOKEN: 'token',
			AWS_SECURITY_TOKEN: 'token',
			AWS_PROFILE: 'p',
			AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
			AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost/',
			AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x',
			AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
			AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token',
			PATH: '/bin',
			LD_PRELOAD: '/evil.so',
			TURNOUT_SOCKET: '/run/a.sock',
		};
		assert.deepEqual(envOf(others), {});
		for (const name of Object.keys(others)) assert.ok(!passThroughNames.includes(name), name);
	});
});

/** Text → what Envoy gets; undefined: refused. */
const spellings: readonly (readonly [name: string, texts: Readonly<Record<string, string | undefined>>])[] = [
	[
		'ENABLE_ENVOY_XRAY_TRACING',
		{
			...{
				1: '1',
				t: '1',
				T: '1',
				true: '1',
				TRUE: '1',
				True: '1',
				0: '0',
				f: '0',
				F: '0',
				false: '0',
				FALSE: '0',
				False: '0',
			},
			...{ tRUE: undefined, yes: undefined, on: undefined, 2: undefined },
		},
	],
	[
		'XRAY_SAMPLING_RATE',
		{
			'0.05': '0.05',
			'1': '1',
			'.5': '0.5',
			'1.00': '1',
			'0.256': '0.26',
			'1.1': undefined,
			'5%': undefined,
			'-1': undefined,
			'1e-1': undefined,
		},
	],
	[
		'AWS_XRAY_DAEMON_ADDRESS',
		{
			'10.0.0.1': '10.0.0.1',
			'10.0.0.1:2001': '10.0.0.1:2001',
			'::1': '::1',
			'[::1]:2001': '[::1]:2001',
			'xray.local': undefined,
			'10.0.0.1:0': undefined,
			'10.0.0.1:70000': undefined,
		},
	],
	['STATSD_ADDRESS', { '10.0.0.1': '10.0.0.1', 'fd00::1': 'fd00::1', 'statsd.local': undefined }],
	[
		'JAEGER_TRACER_ADDRESS',
		{ '10.0.0.1': '10.0.0.1', '::1': '::1', 'jaeger.local': 'jaeger.local', 'http://a/': undefined },
	],
	[
		'ENVOY_STATS_FLUSH_INTERVAL',
		{
			'5000ms': '5s',
			'1m0.5s': '60.5s',
			'250us': undefined,
			'5': undefined,
			'300s': undefined,
			'1h': undefined,
			'5 s': undefined,
			'5sx': undefined,
			x5s: undefined,
		},
	],
	['ENVOY_CONCURRENCY', { 2: '2', 0: '0', '-1': '-1', '-2': undefined, '1.5': undefined, all: undefined }],
	['MAX_REQUESTS_PER_IO_CYCLE', { 1: '1', 0: '0', '-1': '-1', '1.5': undefined }],
	['ENVOY_INITIAL_FETCH_TIMEOUT', { 0: '0', 15: '15', '15s': undefined, '-1': undefined }],
];

for (const [name, texts] of spellings)
	test(`${name} takes ${Object.keys(texts)
		.filter((text) => texts[text] !== undefined)
		.join(', ')}, and nothing like ${Object.keys(texts)
		.filter((text) => texts[text] === undefined)
		.join(', ')}`, () => {
		for (const [text, taken] of Object.entries(texts))
			assert.equal(passThrough({ [name]: text }, anyFile).env[name], taken, text);
	});

test("there is one tracer: several that are on are a mistake, unless a file of the user's comes first", () => {
	const two = {
		ENABLE_ENVOY_XRAY_TRACING: '1',
		ENABLE_ENVOY_JAEGER_TRACING: 'true',
		ENABLE_ENVOY_DATADOG_TRACING: '0',
	};
	assert.deepEqual(passThrough(two, anyFile).mistakes, [
		'ENABLE_ENVOY_XRAY_TRACING: 1, and so is ENABLE_ENVOY_JAEGER_TRACING; allowed: one tracer',
	]);
	assert.deepEqual(passThrough({ ...two, ENVOY_TRACING_CFG_FILE: '/etc/own' }, anyFile).mistakes, []);
});

describe("errors in Envoy's variables", () => {
	test('are all reported, each with its variable, its value and what is allowed', () => {
		const { mistakes, env } = passThrough(
			{
				XRAY_DAEMON_PORT: '70000',
				STATSD_PORT: 'abc',
				ENABLE_ENVOY_XRAY_TRACING: 'yes',
				ENVOY_STATS_SINKS_CFG_FILE: 'sinks.yaml',
				ENVOY_STATS_CONFIG_FILE: '/nowhere/stats.yaml',
				AWS_REGION: 'us\nwest',
			},
			(path) => (path.startsWith('/nowhere/') ? 'no such file or directory' : undefined),
		);
		assert.deepEqual(env, {});
		assert.deepEqual([...mistakes].sort(), [
			'AWS_REGION: "us\\nwest" has a control character; allowed: text without control characters',
			'ENABLE_ENVOY_XRAY_TRACING: "yes" is neither true nor false; allowed: 1, t, T, true, TRUE, True, 0, f, F, false, FALSE or False',
			'ENVOY_STATS_CONFIG_FILE: "/nowhere/stats.yaml" cannot be used: no such file or directory; allowed: the absolute path of a readable file',
			'ENVOY_STATS_SINKS_CFG_FILE: "sinks.yaml" does not begin with /; allowed: the absolute path of a readable file',
			'STATSD_PORT: "abc" is not a port; allowed: one port from 1 to 65535',
			'XRAY_DAEMON_PORT: "70000" is not a port; allowed: one port from 1 to 65535',
		]);
	});

	test('hostile text is rejected or passed through literally', () => {
		for (const text of hostileTexts('/tmp/mark')) for (const name of passThroughNames) assertLiteral(name, text);
	});

	test('any control character inside a value is rejected', () => {
		for (const control of ['\0', '\n', '\r', '\u001b', '\u0007', '\u007f', '\u009b'])
			for (const name of passThroughNames)
				assert.equal(
					passThrough({ [name]: `/a${control}b` }, anyFile).mistakes.length,
					1,
					`${name} ${JSON.stringify(control)}`,
				);
	});
});

describe("Envoy's variables that are settings", () => {
	test('have the value of the setting, wherever it was written', () => {
		const { passThrough: handed } = readLayers({
			file: 'envoy:\n  logLevel: debug\n',
			env: { ENVOY_LOG_LEVEL: 'off', ENVOY_ADMIN_ACCESS_PORT: '18000', AWS_REGION: 'eu-west-1' },
			flags: { 'envoy.adminPort': '19000' },
		});
		assert.deepEqual(handed, {
			env: {
				AWS_REGION: 'eu-west-1',
				ENVOY_LOG_LEVEL: 'off',
				ENVOY_ADMIN_ACCESS_PORT: '19000',
				LISTENER_DRAIN_WAIT_TIME_S: '20',
			},
			files: [],
		});
	});

	test('their errors are reported together with those of other settings', () => {
		const mistakes = mistakesIn({ env: { STATSD_PORT: '0', TURNOUT_GUARD: 'maybe' } });
		assert.deepEqual(
			mistakes.map((mistake) => mistake.split(':')[0]),
			['guard (TURNOUT_GUARD)', 'STATSD_PORT'],
		);
	});

	test('tags need the node that they name, unless the bootstrap is of the user', () => {
		const env = { ENABLE_ENVOY_STATS_TAGS: '1', TURNOUT_ENVOY_RUNTIME: 'process' };
		assert.match(mistakesIn({ env })[0] ?? '', /^ENABLE_ENVOY_STATS_TAGS: 1, but .* set mesh\.node/);
		assert.deepEqual(mistakesIn({ env: { ...env, APPMESH_VIRTUAL_NODE_NAME: 'mesh/m/virtualNode/n' } }), []);
		assert.deepEqual(mistakesIn({ env: { ...env, TURNOUT_ENVOY_CONFIG: '/etc/envoy.json' } }), []);
		assert.deepEqual(mistakesIn({ env: { ENABLE_ENVOY_STATS_TAGS: '1' } }), []);
	});

	test('a tracer that has nothing to trace is told: without a mesh connections are only forwarded', () => {
		const noticesOf = (env: Readonly<Record<string, string>>) =>
			readLayers({ env: { TURNOUT_ENVOY_RUNTIME: 'process', ENABLE_ENVOY_JAEGER_TRACING: '1', ...env } }).notices;
		assert.match(String(noticesOf({})), /^ENABLE_ENVOY_JAEGER_TRACING: without a mesh .* nothing is traced$/);
		assert.deepEqual(noticesOf({ ENABLE_ENVOY_JAEGER_TRACING: '0' }), []);
		assert.deepEqual(noticesOf({ APPMESH_VIRTUAL_NODE_NAME: 'mesh/m/virtualNode/n' }), []);
		assert.deepEqual(noticesOf({ ENVOY_RESOURCES_CONFIG_FILE: '/etc/own' }), []);
		assert.deepEqual(noticesOf({ TURNOUT_ENVOY_CONFIG: '/etc/envoy.json' }), []);
	});

	test('what is in the files counts only if turnout makes the bootstrap', () => {
		const env = { ENVOY_STATS_CONFIG_FILE: '/etc/own', TURNOUT_ENVOY_RUNTIME: 'process' };
		const mistakesInFiles = (variables: object) => Object.keys(variables).filter((name) => name.includes('CONFIG'));
		assert.deepEqual(mistakesIn({ env, mistakesInFiles }), ['ENVOY_STATS_CONFIG_FILE']);
		assert.deepEqual(mistakesIn({ env: { ...env, TURNOUT_ENVOY_CONFIG: '/etc/envoy.json' }, mistakesInFiles }), []);
		assert.deepEqual(mistakesIn({ env: { ...env, TURNOUT_ENVOY_RUNTIME: 'none' }, mistakesInFiles }), []);
	});

	test('files are checked only if turnout runs Envoy', () => {
		const env = { ENVOY_STATS_CONFIG_FILE: '/nowhere/stats.yaml' };
		const whyNoFile = () => 'no such file or directory';
		assert.deepEqual(mistakesIn({ env, whyNoFile }), []);
		assert.match(mistakesIn({ env: { ...env, TURNOUT_ENVOY_RUNTIME: 'process' }, whyNoFile })[0] ?? '', /no such file/);
	});
});

const envOf = (env: Readonly<Record<string, string>>): object => {
	const { env: handed, mistakes } = passThrough(env, anyFile);
	assert.deepEqual(mistakes, []);
	return handed;
};

function assertLiteral(name: string, text: string): void {
	const { env, files, mistakes } = passThrough({ [name]: text }, anyFile);
	const values = Object.values(env);
	assert.equal(mistakes.length, values.length === 0 ? 1 : 0, name);
	assert.ok(
		[...values, ...files].every((value) => value === text.trim() && isPrintable(value)),
		JSON.stringify(text),
	);
	assert.ok(mistakes.every((mistake) => isPrintable(mistake) && mistake.length < 400));
}
