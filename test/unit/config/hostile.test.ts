import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allSettings } from '../../../src/config/names.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { isPrintable } from '../../support/printable.ts';
import { type Layers, mistakesIn, readLayers } from '../../support/setting-samples.ts';

/** Programs and paths may have any file name; they are passed literally and never to a shell. */
const free = [
	...['envoy.dockerSocket', 'envoy.mounts', 'envoy.logDriver', 'envoy.command', 'envoy.config'],
	...['mesh.cluster', 'mesh.definitions', 'socket', 'stateDirectory'],
	...['mesh.etcdCa', 'mesh.etcdCertificate', 'mesh.etcdKey', 'mesh.etcdUser', 'mesh.etcdPasswordFile'],
];
const keys = [...allSettings.keys()];
const variables = new Map([...allSettings].map(([key, { variable }]) => [key, variable]));

/** The same text for each of these settings, by the given source. */
const ways: Readonly<Record<string, (keys: readonly string[], text: string) => Layers>> = {
	'a file': (some, text) => ({ file: some.map((key) => `${key}: ${JSON.stringify(text)}\n`).join('') }),
	'the environment': (some, text) => ({
		env: Object.fromEntries(some.map((key) => [variables.get(key) ?? '', text])),
	}),
	flags: (some, text) => ({ flags: Object.fromEntries(some.map((key) => [key, text])) }),
};

/** Also rejected: the default is used instead. */
const isForgiven = (way: string, key: string): boolean =>
	way === 'the environment' && allSettings.get(key)?.isForgiving === true;

using scratch = createScratch('hostile');
const mark = join(scratch.path, 'executed');

for (const [way, layers] of Object.entries(ways))
	test(`hostile text in ${way} is rejected or used literally`, () => {
		for (const text of hostileTexts(mark)) {
			const mistakes = mistakesIn(layers(keys, text));
			const refused = mistakes.map((mistake) => mistake.split(' ')[0] ?? '');
			const taken = keys.filter((key) => !refused.includes(key) && !isForgiven(way, key));
			assert.ok(
				taken.every((key) => free.includes(key)),
				`${taken} took ${JSON.stringify(text)}`,
			);
			for (const mistake of mistakes) assert.match(mistake, /^[\w.]+ \([^)]+\): .+; allowed: ./s);
			for (const mistake of mistakes) assert.ok(isPrintable(mistake), JSON.stringify(mistake));
			assert.ok(mistakes.join('').length < 20_000);
			assertLiteral(layers(taken, text), taken, text);
		}
		assert.equal(existsSync(mark), false);
	});

function assertLiteral(layers: Layers, taken: readonly string[], text: string): void {
	const { config } = readLayers(layers);
	const { dockerSocket, mounts, logDriver, command, config: bootstrap } = config.envoy;
	const now: Readonly<Record<string, string>> = {
		'envoy.dockerSocket': dockerSocket,
		'envoy.mounts': mounts.join(','),
		'envoy.logDriver': logDriver,
		'envoy.command': command,
		'envoy.config': bootstrap,
		'mesh.cluster': config.mesh.cluster,
		'mesh.etcdCa': config.mesh.etcdCa,
		'mesh.etcdCertificate': config.mesh.etcdCertificate,
		'mesh.etcdKey': config.mesh.etcdKey,
		'mesh.etcdUser': config.mesh.etcdUser,
		'mesh.etcdPasswordFile': config.mesh.etcdPasswordFile,
		'mesh.definitions': String(config.mesh.definitions),
		socket: config.socket,
		stateDirectory: config.stateDirectory,
	};
	for (const key of taken) assert.equal(now[key], text.trim(), key);
	for (const key of taken) assert.ok(isPrintable(now[key] ?? ''), key);
}

test('a hostile key in a file is reported literally', () => {
	for (const text of hostileTexts(mark)) {
		const mistakes = mistakesIn({ file: `? ${JSON.stringify(text)}\n: 8080\n` });
		assert.equal(mistakes.length, 1);
		assert.match(mistakes[0] ?? '', /^turnout.yaml:1: unknown setting /);
		assert.ok(isPrintable(mistakes[0] ?? '') && (mistakes[0] ?? '').length < 300, JSON.stringify(mistakes[0]));
	}
	assert.equal(existsSync(mark), false);
});
