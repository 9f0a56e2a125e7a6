import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loaded } from '../../../src/config/merge-sources.ts';
import { allSettings, flagOf } from '../../../src/config/names.ts';
import type { Config } from '../../../src/config/schema.ts';
import { parseCidrs } from '../../../src/values/cidr.ts';
import { type Layers, mistakesIn, readLayers, samples } from '../../support/setting-samples.ts';

test('without sources every setting has its default, and its origin says so', () => {
	const { config, written, notices } = readLayers({});
	assert.deepEqual(
		[...written].map(([key, { origin }]) => [key, origin]),
		[...allSettings.keys()].map((key) => [key, 'default']),
	);
	assert.equal(config.ingressPort, 15000);
	assert.equal(config.egressPort, 15001);
	assert.equal(config.envoy.adminPort, 9901);
	assert.deepEqual(config.ignoreUids, [{ from: 1337, to: 1337 }]);
	assert.deepEqual(notices, []);
});

test('every setting has a sample', () => {
	assert.deepEqual(Object.keys(samples), [...allSettings.keys()]);
});

for (const [key, [inFile, inVariable, onFlag]] of Object.entries(samples))
	test(`${key}: a flag overrides a variable, a variable the file, the file the default`, () => {
		const { variable, default: standard } = known(key);
		const layers = {
			file: { file: `# a comment\n${nested(key, inFile)}` },
			env: { env: { [variable]: inVariable } },
			flags: { flags: { [key]: onFlag } },
		};
		const line = key.includes('.') ? 3 : 2;
		expect(key, {}, standard, 'default');
		expect(key, layers.file, inFile, `turnout.yaml:${line}`);
		expect(key, { ...layers.file, ...layers.env }, inVariable, variable);
		expect(key, { ...layers.file, ...layers.flags }, onFlag, `--${flagOf(key)}`);
		expect(key, { ...layers.env, ...layers.flags }, onFlag, `--${flagOf(key)}`);
		expect(key, { ...layers.file, ...layers.env, ...layers.flags }, onFlag, `--${flagOf(key)}`);
	});

function expect(key: string, layers: Layers, text: string, origin: string): void {
	const loaded = readLayers(layers);
	assert.deepEqual(loaded.written.get(key), { text, origin });
	assert.deepEqual(settingIn(loaded, key), known(key).parse(text));
}

/** As a user would write it: `envoy.adminPort` is nested under `envoy`, on the next line. */
function nested(key: string, text: string): string {
	const [section, name] = key.split('.');
	const value = JSON.stringify(text);
	return name === undefined ? `${section}: ${value}` : `${section}:\n  ${name}: ${value}`;
}

function known(key: string) {
	const setting = allSettings.get(key);
	assert.ok(setting !== undefined);
	return setting;
}

const settingIn = ({ config }: Loaded, key: string): unknown =>
	key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], config);

for (const [key, [sample]] of Object.entries(samples))
	test(`${key}: surrounding spaces are trimmed`, () => {
		for (const flags of [{ [key]: `  ${sample} ` }, { [key]: `\t${sample}\n` }])
			assert.deepEqual(settingIn(readLayers({ flags }), key), known(key).parse(sample));
	});

const refuseEmpty = [
	...['ingressPort', 'egressPort', 'envoy.adminPort', 'mark', 'routeTable', 'envoy.drainSeconds', 'envoy.startSeconds'],
	...[
		'ipv6',
		'backend',
		'ingressMode',
		'ingressKeepClient',
		'envoy.runtime',
		'envoy.logLevel',
		'onEnvoyFailure',
		'onStop',
		'logLevel',
	],
	...['pull', 'pullStallSeconds', 'name', 'dockerSocket', 'memoryMegabytes', 'openFiles'].map((key) => `envoy.${key}`),
	...['stable', 'health', 'healthTimeout', 'grace'].map((key) => `envoy.${key}Seconds`),
	...['envoy.healthRetries', 'socket', 'stateDirectory'],
];

for (const key of Object.keys(samples))
	test(`${key}: set but empty ${refuseEmpty.includes(key) ? 'is an error' : 'means none instead of the default'}`, () => {
		for (const empty of ['', ' '])
			for (const [layers, origin] of emptyLayers(key, empty))
				(refuseEmpty.includes(key) ? assertRefused : assertNone)(key, layers, origin);
	});

/** Except a variable for which AWS's default is used. */
function emptyLayers(key: string, empty: string): (readonly [Layers, string])[] {
	const other = key === 'ignoreUids' ? { ignoreGids: '1000' } : {};
	const { variable, isForgiving } = known(key);
	const inVariable = [{ env: { [variable]: empty }, flags: other }, variable] as const;
	return [
		[{ file: nested(key, empty), flags: other }, `turnout.yaml:${key.includes('.') ? 2 : 1}`],
		[{ flags: { [key]: empty, ...other } }, `--${flagOf(key)}`],
		...(isForgiving === true ? [] : [inVariable]),
	];
}

const assertRefused = (key: string, layers: Layers, origin: string): void =>
	assert.match(mistakesIn(layers).join('\n'), new RegExp(`^${key} \\(${origin}\\): .+; allowed: `));

/** Always ignored for outbound traffic. */
const always: Readonly<Record<string, unknown>> = {
	egressIgnoredPorts: [{ from: 22, to: 22 }],
	egressIgnoredIps: parseCidrs('fe80::/10'),
};

function assertNone(key: string, layers: Layers, origin: string): void {
	const loaded = readLayers(layers);
	assert.equal(loaded.written.get(key)?.origin, origin);
	const value = settingIn(loaded, key);
	const none = key in always ? [always[key]] : [[], '', false, undefined];
	assert.ok(
		none.some((each) => JSON.stringify(each) === JSON.stringify(value)),
		JSON.stringify(value),
	);
}

test('loaded settings are frozen', () => {
	const { config } = readLayers({});
	assert.throws(() => Object.assign(config, { egressPort: 1 }), TypeError);
	assert.throws(() => Object.assign(config.envoy, { adminPort: 1 }), TypeError);
});

test('all mistakes are reported at once, each with its origin', () => {
	const mistakes = mistakesIn({
		file: 'appPort: 8080\nenvoy:\n  adminPort: 70000\n  drainSecond: 5\nipv6: maybe\n',
		env: { APPMESH_ENVOY_EGRESS_PORT: 'abc', TURNOUT_BACKENDS: 'x', APPMESH_APP_PORT: '1', APPMESH_IGNORE_UID: 'a b' },
		flags: { bridges: '-x', socket: 'relative' },
	});
	assert.equal(mistakes.length, 10);
	for (const [who, said] of [
		['turnout.yaml:1', 'unknown setting "appPort"; did you mean "appPorts"?'],
		['turnout.yaml:4', 'unknown setting "envoy.drainSecond"; did you mean "envoy.drainSeconds"?'],
		['TURNOUT_BACKENDS', 'unknown variable; did you mean TURNOUT_BACKEND?'],
		['APPMESH_APP_PORT', 'unknown variable; did you mean APPMESH_APP_PORTS?'],
		['envoy.adminPort (turnout.yaml:3)', '"70000" is not a port; allowed: one port from 1 to 65535'],
		['ipv6 (turnout.yaml:5)', '"maybe" is not one of them; allowed: auto, 1 or 0'],
		['egressPort (APPMESH_ENVOY_EGRESS_PORT)', '"abc" is not a port; allowed: one port from 1 to 65535'],
		['ignoreUids (APPMESH_IGNORE_UID)', '"a b" is not an id, a range or a name; allowed: ids from 0 to 4294967294'],
		['bridges (--bridges)', '"-x" is not an interface name; allowed: interface names'],
		['socket (--socket)', '"relative" does not begin with /; allowed: an absolute path of at most 107 bytes'],
	] as const)
		assert.equal(mistakes.filter((mistake) => mistake.startsWith(`${who}: ${said}`)).length, 1, `${who}: ${said}`);
});

test('every invalid element of a list is reported', () => {
	const told = mistakesIn({ flags: { egressIgnoredIps: 'fe80::1%eth0,10.0.0.1,example.com,10.0.0.0/33' } }).join('\n');
	for (const element of ['fe80::1%eth0', 'example.com', '10.0.0.0/33']) assert.ok(told.includes(`"${element}"`), told);
	assert.ok(!told.includes('10.0.0.1'), told);
});

test('conflicts are reported together with invalid settings', () => {
	const told = mistakesIn({ flags: { ingressPort: '15001', ipv6: 'maybe' } });
	assert.deepEqual(
		told.map((mistake) => mistake.split(' ')[0]),
		['ipv6', 'egressPort'],
	);
});

// biome-ignore format: a table
const clashes: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
	[{ ignoreUids: '' }, /^ignoreUids \(--ignore-uids\): neither a user nor a group is ignored, .*; allowed: at least one of/],
	[{ ignoreUnits: 'a.service,b.service', onlyUnits: 'b.service' }, /^onlyUnits \(--only-units\): b.service is ignored too, by ignoreUnits \(--ignore-units\) or presets \(default\); allowed: /],
	[{ presets: 'host-agents', onlyUnits: 'docker.service,shop.service' }, /^onlyUnits \(--only-units\): docker.service is ignored too, .*presets \(--presets\)/],
	[{ ingressPort: '15001' }, /^egressPort \(default\): 15001 is already used by ingressPort \(--ingress-port\); allowed: /],
	[{ ingressPort: '9901' }, /^envoy.adminPort \(default\): 9901 is already used by ingressPort \(--ingress-port\); allowed: /],
	[{ egressPort: '9901' }, /^envoy.adminPort \(default\): 9901 is already used by egressPort \(--egress-port\); allowed: /],
	[{ appPorts: '15000' }, /^appPorts \(--app-ports\): 15000 is ingressPort, .*; allowed: ports that Envoy does not/],
	[{ appPorts: '80,15001' }, /^appPorts \(--app-ports\): 15001 is egressPort, .*; allowed: /],
	[{ appPorts: '9000-9999' }, /^appPorts \(--app-ports\): 9901 is envoy.adminPort, .*; allowed: /],
	[{ appPorts: '1-65535', ingressIgnoredPorts: '' }, /15000 is ingressPort.*15001 is egressPort.*9901 is envoy.adminPort/],
	[{ appPorts: '20-30' }, /^appPorts \(--app-ports\): .*\b22\b.*ingressIgnoredPorts.*TURNOUT_INGRESS_IGNORED_PORTS/],
	[{ appPorts: '80,8080', ingressIgnoredPorts: '8000-9000' }, /^appPorts \(--app-ports\): 8080 is in ingressIgnoredPorts/],
	[
		{ ingressMode: 'tproxy', 'envoy.runtime': 'docker', 'envoy.image': 'envoy:1' },
		/^ignoreGids \(default\): it is empty, and with ingressMode tproxy Envoy's container runs as user 0, .*; allowed: a group /,
	],
	[
		{ ingressKeepClient: 'application', 'envoy.runtime': 'docker', 'envoy.image': 'envoy:1' },
		/^ignoreGids \(default\): it is empty, and with ingressKeepClient application Envoy's container runs as user 0/,
	],
	[{ 'envoy.runtime': 'docker' }, /^envoy.image \(default\): it is empty; allowed: an image/],
	[{ 'envoy.runtime': 'process', 'envoy.command': '' }, /^envoy.command \(--envoy-command\): it is empty; allowed: /],
	[{ routeTable: '254' }, /^routeTable \(--route-table\): 254 is one of the kernel's own tables; allowed: /],
];

test('conflicting settings are rejected', () => {
	for (const [flags, message] of clashes) {
		const mistakes = mistakesIn({ flags });
		assert.equal(mistakes.length, 1, JSON.stringify(flags));
		assert.match(mistakes[0] ?? '', message);
	}
});

test('all conflicts are reported at once', () => {
	assert.equal(mistakesIn({ flags: { ignoreUids: '', ingressPort: '15001', appPorts: '22' } }).length, 3);
});

const fine: readonly Readonly<Record<string, string>>[] = [
	{ ignoreUids: '', ignoreGids: '1337' },
	{ appPorts: '*' },
	{ appPorts: '22', ingressIgnoredPorts: '' },
	{ appPorts: '1-21,23-9900,9902-14999,15002-65535' },
	{ appPorts: '15000', ingressPort: '16000' },
	{ 'envoy.command': '' },
	{ 'envoy.runtime': 'docker', 'envoy.image': 'envoyproxy/envoy:v1.40.0' },
	// With an image, its own entrypoint may be used.
	{ 'envoy.runtime': 'docker', 'envoy.image': 'envoy', 'envoy.command': '' },
	{ 'envoy.runtime': 'process', 'envoy.image': '' },
];

test('settings that only look alike do not conflict', () => {
	for (const flags of fine) assert.deepEqual(mistakesIn({ flags }), [], JSON.stringify(flags));
});

test('host bits of a network are cleared, with a notice that names the origin', () => {
	const { config, notices } = readLayers({
		file: 'egressIgnoredIps: 10.1.2.3/8',
		env: { TURNOUT_EGRESS_ONLY_IP: 'fd00::5/64' },
		flags: { ingressIgnoredIps: '192.0.2.1' },
	});
	assert.deepEqual(config.egressIgnoredIps satisfies Config['egressIgnoredIps'], parseCidrs('10.0.0.0/8,fe80::/10'));
	assert.deepEqual(notices, [
		'egressIgnoredIps (turnout.yaml:1): 10.1.2.3/8 has host bits set, using 10.0.0.0/8',
		'egressOnlyIps (TURNOUT_EGRESS_ONLY_IP): fd00::5/64 has host bits set, using fd00::/64',
	]);
});

test("Envoy's log level is accepted as Envoy or AWS's documentation spells it, in any case", () => {
	for (const [written, level] of [
		['warn', 'warning'],
		['warning', 'warning'],
		['WARN', 'warning'],
		['Info', 'info'],
	] as const) {
		assert.equal(readLayers({ env: { ENVOY_LOG_LEVEL: written } }).config.envoy.logLevel, level);
		assert.equal(readLayers({ file: `envoy: {logLevel: ${written}}` }).config.envoy.logLevel, level);
	}
	const { passThrough } = readLayers({ env: { ENVOY_LOG_LEVEL: 'warning' } });
	assert.equal(passThrough.env['ENVOY_LOG_LEVEL'], 'warn', "AWS's agent knows no warning");
	assert.match(mistakesIn({ env: { ENVOY_LOG_LEVEL: 'verbose' } })[0] ?? '', /"verbose" is not one of them/);
});

test("a drain time that AWS's agent would reject becomes its default with a notice; in a file it is an error", () => {
	for (const written of ['3', '111', 'soon', '', '5.5']) {
		const {
			config,
			notices,
			written: shown,
		} = readLayers({
			env: { LISTENER_DRAIN_WAIT_TIME_S: written },
			file: 'envoy: {drainSeconds: 30}',
		});
		assert.equal(config.envoy.drainSeconds, 20);
		assert.equal(shown.get('envoy.drainSeconds')?.text, '20');
		const quotedText = JSON.stringify(written).replace('.', '\\.');
		const told = `^envoy.drainSeconds \\(LISTENER_DRAIN_WAIT_TIME_S\\): ${quotedText} is not allowed; using 20, as AWS's agent does; allowed: seconds from 5 to 110$`;
		assert.match(notices.join('\n'), new RegExp(told));
	}
	assert.deepEqual(readLayers({ env: { LISTENER_DRAIN_WAIT_TIME_S: '110' } }).notices, []);
	assert.match(mistakesIn({ file: 'envoy: {drainSeconds: 3}' })[0] ?? '', /"3" is not allowed; allowed: seconds/);
	assert.match(mistakesIn({ flags: { 'envoy.drainSeconds': '3' } })[0] ?? '', /"3" is not allowed/);
});

test('variables of other scripts get a notice that names our setting', () => {
	const { notices } = readLayers({
		env: { APPMESH_ENVOY_UID: '1500', APPMESH_LOCAL_ROUTE_TABLE_ID: '7', APPMESH_ENVOY_LOCAL_FORWARD_PORT: '10000' },
	});
	assert.deepEqual(notices, [
		'APPMESH_ENVOY_UID: belongs to another script and is ignored; here it is ignoreUids (APPMESH_IGNORE_UID)',
		'APPMESH_ENVOY_LOCAL_FORWARD_PORT: belongs to another script and is ignored; here traffic within the host is never captured',
		'APPMESH_LOCAL_ROUTE_TABLE_ID: belongs to another script and is ignored; here it is routeTable (TURNOUT_ROUTE_TABLE)',
	]);
	const same = { APPMESH_ENVOY_UID: '1337', APPMESH_LOCAL_ROUTE_TABLE_ID: '100', APPMESH_PACKET_MARK: '0x1e7700ce' };
	assert.deepEqual(readLayers({ env: same }).notices, []);
});

test('a socket path has at most 107 bytes, not characters', () => {
	const path = (bytes: number) => `/${'x'.repeat(bytes - 1)}`;
	assert.deepEqual(mistakesIn({ flags: { socket: path(107) } }), []);
	assert.match(
		mistakesIn({ flags: { socket: path(108) } })[0] ?? '',
		/^socket \(--socket\): .*108 bytes; allowed: .*107/,
	);
	assert.match(mistakesIn({ flags: { socket: `/${'ü'.repeat(54)}` } })[0] ?? '', /109 bytes/);
});
