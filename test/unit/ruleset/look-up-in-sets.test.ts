import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import { captureOf } from '../../support/capture.ts';

/** Whether the rules look up so many ports in a set. */
const inSets = (count: number, hasSets: boolean): readonly boolean[] => {
	const appPorts = Array.from({ length: count }, (_, at) => 20_000 + 2 * at).join();
	const chains = buildRuleset({ ...captureOf({ appPorts }), hasSets }, 'ipv4');
	const matches = chains.flatMap(({ rules }) => rules).flatMap((rule) => rule.matches);
	const ports = matches.filter((match) => match.kind === 'ports').filter((match) => match.ports.length === count);
	assert.ok(ports.length > 0);
	return [...new Set(ports.map(({ asSet }) => asSet === true))];
};

test('more ports than 32 rules hold are a set, where the host has sets', () => {
	assert.deepEqual(inSets(480, true), [false]);
	assert.deepEqual(inSets(481, true), [true]);
	assert.deepEqual(inSets(481, false), [false]);
});
