import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCniError, parseCall, parseConfiguration, versionOf } from '../../../src/commands/cni/call.ts';

const of = (command: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
	...{ CNI_COMMAND: command, CNI_CONTAINERID: 'task-1', CNI_NETNS: '/proc/7/ns/net', CNI_IFNAME: 'eth0' },
	...more,
});

describe('the environment of a call', () => {
	const understood: readonly (readonly [what: string, env: NodeJS.ProcessEnv, call: object])[] = [
		['a path', of('ADD'), { command: 'ADD', network: '/proc/7/ns/net', mayBeOwn: false }],
		[
			'a name',
			of('CHECK', { CNI_NETNS: 'blue' }),
			{ command: 'CHECK', network: '/var/run/netns/blue', mayBeOwn: false },
		],
		['DEL without a network', of('DEL', { CNI_NETNS: '' }), { command: 'DEL', network: '', mayBeOwn: false }],
		[
			'an own network',
			of('ADD', { CNI_NETNS_OVERRIDE: 'True' }),
			{ command: 'ADD', network: '/proc/7/ns/net', mayBeOwn: true },
		],
		['GC, which is about no container', of('GC'), { command: 'GC', network: '', mayBeOwn: false }],
		['VERSION with nothing else', { CNI_COMMAND: 'VERSION' }, { command: 'VERSION', network: '', mayBeOwn: false }],
	];
	for (const [what, env, call] of understood) test(what, () => assert.deepEqual(parseCall(env), call));

	const refused: readonly (readonly [env: NodeJS.ProcessEnv, msg: string, details?: string])[] = [
		[of('add'), 'unknown CNI_COMMAND: add'],
		[of('toString'), 'unknown CNI_COMMAND: toString'],
		[{ CNI_COMMAND: 'ADD' }, 'required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME] missing'],
		[{ CNI_COMMAND: 'DEL' }, 'required env variables [CNI_CONTAINERID,CNI_IFNAME] missing'],
		[of('ADD', { CNI_NETNS: '' }), 'required env variables [CNI_NETNS] missing'],
		[of('ADD', { CNI_CONTAINERID: '../x' }), 'invalid characters in containerID', '../x'],
		[
			of('DEL', { CNI_IFNAME: 'a'.repeat(16) }),
			'interface name is too long',
			'interface name should be less than 16 characters',
		],
		[of('DEL', { CNI_IFNAME: '..' }), 'interface name is . or ..'],
		[of('CHECK', { CNI_IFNAME: 'a b' }), 'interface name contains / or : or whitespace characters'],
	];
	for (const [env, msg, details] of refused)
		test(msg, () => assert.deepEqual(parseCall(env), { code: 4, msg, ...(details === undefined ? {} : { details }) }));
});

describe('the configuration of any plugin', () => {
	const written = (version: unknown, name: unknown = 'mesh') =>
		JSON.stringify({ cniVersion: version, name, appPorts: [] });
	const refused: readonly (readonly [
		command: 'ADD' | 'CHECK' | 'STATUS' | 'GC',
		text: string,
		code: number,
		said: RegExp,
	])[] = [
		['ADD', '', 6, /^error unmarshall network config: /],
		['ADD', '[]', 6, /^error unmarshall network config: it is no object$/],
		['ADD', 'null', 6, /it is no object/],
		['ADD', written('1.0.0', ''), 7, /^missing network name$/],
		['ADD', written('1.0.0', null), 7, /^missing network name$/],
		['ADD', written('1.0.0', 'a/b'), 7, /^invalid characters found in network name; a\/b$/],
		['ADD', written('1.0.0', 7), 7, /^invalid characters found in network name; 7$/],
		[
			'ADD',
			written('0.2.0'),
			1,
			/^incompatible CNI versions; config is "0\.2\.0", plugin supports \["0\.3\.0" "0\.3\.1" /,
		],
		['ADD', written(undefined), 1, /config is "0\.1\.0"/],
		['CHECK', written('0.3.1'), 1, /^config version does not allow CHECK$/],
		['STATUS', written('1.0.0'), 1, /^config version does not allow STATUS$/],
		['GC', written('1.0.0'), 1, /^config version does not allow GC$/],
	];
	for (const [command, text, code, said] of refused)
		test(`${command} with ${text} is refused`, () => {
			const error = parseConfiguration(command, text);
			assert.ok(isCniError(error));
			assert.equal(error.code, code);
			assert.match([error.msg, error.details].filter(Boolean).join('; '), said);
		});

	for (const [command, version] of [
		['ADD', '0.3.0'],
		['CHECK', '0.4.0'],
		['DEL', '1.0.0'],
		['GC', '1.1.0'],
	] as const)
		test(`${command} of version ${version} is taken, with members in upper or lower case`, () => {
			const members = parseConfiguration(command, written(version));
			assert.ok(!isCniError(members));
			assert.equal(versionOf(members), version);
			assert.deepEqual(members.get('appports'), []);
		});
});
