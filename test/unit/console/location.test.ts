import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hrefOf, type Location, newMesh, parseLocation } from '../../../src/console/location.ts';
import { type Kind, kinds } from '../../../src/mesh/schema/kinds.ts';

const kind = fc.constantFrom(...(Object.keys(kinds) as Kind[]));
const name = fc.oneof(
	fc.constantFrom('..', '.', 'a/b', '%2F', '#', '?x=1', '<img onerror=alert(1)>', '\u202eabc', 'ü'),
	fc.string({ minLength: 1, unit: 'grapheme' }),
);
const inner = fc.constantFrom(...(Object.keys(kinds) as Kind[]).filter((each) => each !== 'mesh'));
const locations: fc.Arbitrary<Location> = fc.oneof(
	fc.constantFrom<Location>({ view: 'meshes' }, { view: 'start' }, { view: 'history', mesh: undefined }, newMesh),
	fc.record({ view: fc.constant('history' as const), mesh: name }),
	fc.record({ view: fc.constant('mesh' as const), mesh: name }),
	fc.record({ view: fc.constant('list' as const), mesh: name, kind }),
	fc.record({ view: fc.constant('create' as const), mesh: name, kind: inner, parent: fc.oneof(name, fc.constant('')) }),
	fc.record({
		view: fc.constantFrom('resource' as const, 'edit' as const),
		key: fc.record({ kind, mesh: name, parent: fc.oneof(name, fc.constant('')), name }),
	}),
);

/** Without prototypes and what is undefined. */
const plain = (location: Location): unknown => JSON.parse(JSON.stringify(location));

test('every view has an address that leads to it, whatever things are called', () => {
	fc.assert(
		fc.property(locations, (location) => {
			const { hash } = new URL(hrefOf(location), 'http://localhost/console/');
			assert.deepEqual(plain(parseLocation(hash)), plain(location));
		}),
		{ numRuns: 1_000 },
	);
});

test('any other address is of no view', () => {
	for (const text of [
		'#/x',
		'#/mesh',
		'#/mesh/',
		'#/mesh/m/all/none',
		'#/mesh/m/all/constructor',
		'#/mesh/m/resource/route/r',
		'#/%',
		'#/mesh/m/x/route',
	])
		assert.equal(parseLocation(text).view, 'unknown', text);
	assert.equal(parseLocation('').view, 'meshes');
});
