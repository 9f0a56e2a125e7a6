import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { snapshotDifferences } from '../../../src/xds/diff/snapshot-differences.ts';
import type { Json, JsonObject, Snapshot } from '../../../src/xds/snapshot.ts';
import { everyField } from '../../support/every-field.ts';
import { matchesGolden } from '../../support/golden.ts';
import { client, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';
import { rendered } from '../../support/rendered.ts';

type Routes = Parameters<typeof service>[1]['routes'];

interface World {
	readonly filter?: 'ALLOW_ALL' | 'DROP_ALL';
	readonly routes?: Routes;
	readonly nodes?: readonly object[];
	readonly more?: readonly object[];
	readonly services?: readonly string[];
	readonly listens?: number;
	readonly tcp?: Readonly<Record<string, number>>;
}

const rest: Routes = { rest: { httpRoute: { match: { prefix: '/' }, action: to({ a: 90, b: 10 }) } } };
const [a, b] = [node('a', { port: 8_080, hostname: 'a.local' }), node('b', { port: 8_080, hostname: 'b.local' })];

function worldOf({ filter = 'DROP_ALL', routes = rest, nodes = [a, b], more = [], ...given }: World): Snapshot {
	const { services = ['api.local', 'db.local'], listens = 9_000, tcp = { db: 1 } } = given;
	const listener = { portMapping: { port: listens, protocol: 'http' } } as const;
	return rendered(
		[
			...[mesh(filter), client(services, { listeners: [listener] }), ...nodes, ...more],
			...service('api.local', { routes }),
			...['db', 'db2'].map((name, at) => node(name, { port: 5_432 + at, protocol: 'tcp', hostname: `${name}.local` })),
			...service('db.local', { port: 5_432, protocol: 'tcp', routes: { only: { tcpRoute: { action: to(tcp) } } } }),
		],
		'client',
	);
}

const { rest: all } = rest;
const metrics = { httpRoute: { match: { prefix: '/metrics', method: 'GET' as const }, action: only('b') } };
const action = to({ a: 90, b: 10 });

/** By what somebody does to the definitions. */
const changes: Readonly<Record<string, World>> = {
	'the weights are changed': {
		routes: { rest: { httpRoute: { match: { prefix: '/' }, action: to({ a: 50, b: 50 }) } } },
	},
	'a target leaves the weights, and nothing else needs it': {
		routes: { rest: { httpRoute: { match: { prefix: '/' }, action: only('a') } } },
	},
	'a target joins': {
		routes: { rest: { httpRoute: { match: { prefix: '/' }, action: to({ a: 90, b: 5, c: 5 }) } } },
		nodes: [a, b, node('c', { port: 8_081, hostname: 'c.local' })],
	},
	'a route is added': { routes: { ...rest, metrics } },
	'a prefix, a timeout and the retries are changed': {
		routes: {
			rest: {
				httpRoute: {
					...{ match: { prefix: '/v1' }, action, timeout: { perRequest: { unit: 's', value: 3 } } },
					retryPolicy: { maxRetries: 5, perRetryTimeout: { unit: 's', value: 1 }, httpRetryEvents: ['gateway-error'] },
				},
			},
		},
	},
	'the priority changes the order': {
		routes: { metrics, ...(all === undefined ? {} : { rest: { ...all, priority: 0 } }) },
	},
	'a node moves': { nodes: [node('a', { port: 8_090, hostname: 'a2.local' }), b] },
	'a health check is added': {
		nodes: [
			a,
			node('b', {
				...{ port: 8_080, hostname: 'b.local' },
				healthCheck: {
					...{ protocol: 'http', path: '/ping', healthyThreshold: 2, unhealthyThreshold: 2 },
					...{ intervalMillis: 5_000, timeoutMillis: 2_000 },
				},
			}),
		],
	},
	'the egress filter is opened': { filter: 'ALLOW_ALL' },
	'a backend is added, and one is taken away': {
		services: ['api.local', 'other.local'],
		more: [serviceOf('other.local', 'a')],
	},
	'the application listens elsewhere': { listens: 9_001 },
	'the weights of TCP are changed': { tcp: { db: 3, db2: 1 } },
	'nothing is': {},
};

const before: World = { routes: rest };
const former: Readonly<Record<string, World>> = {
	'the priority changes the order': { routes: { ...rest, metrics } },
};

const linesOf = (was: Snapshot, is: Snapshot): string =>
	snapshotDifferences('lab', was, is)
		.map(({ change, text }) => `${change}: ${text}\n`)
		.join('');

test('what a change of the definitions changes, and back', () => {
	const texts = Object.entries(changes).map(([title, world]) => {
		const [was, is] = [worldOf(former[title] ?? before), worldOf(world)];
		return `# ${title}\n${linesOf(was, is)}# back\n${linesOf(is, was)}`;
	});
	matchesGolden(texts.join('\n'), join(import.meta.dirname, 'golden/diff.txt'));
});

describe('the differences of two snapshots', () => {
	const snapshot = rendered(everyField(), 'mesh/every/virtualNode/client', { hasSds: true });
	const leaves = leavesOf(snapshot);

	test('there are none to itself, read from a file too', () => {
		assert.deepEqual(snapshotDifferences('every', snapshot, snapshot), []);
		assert.deepEqual(snapshotDifferences('every', snapshot, JSON.parse(JSON.stringify(snapshot))), []);
	});

	test('none is missed: another value anywhere is told, with both values', () => {
		fc.assert(
			fc.property(fc.constantFrom(...leaves), (path) => {
				const [other, told] = [changedAt(snapshot, path, 'another'), path.join('.')];
				const found = snapshotDifferences('every', snapshot, other as Snapshot);
				assert.ok(found.length > 0, told);
				assert.ok(JSON.stringify(found).includes('"another'), told);
			}),
			{ numRuns: 300 },
		);
	});
});

function leavesOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
	if (typeof value !== 'object') return [path];
	return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function changedAt(value: Json, [key, ...rest]: readonly string[], to: string): Json {
	if (key === undefined) return to;
	if (Array.isArray(value))
		return value.map((item: Json, at) => (String(at) === key ? changedAt(item, rest, to) : item));
	const fields = value as JsonObject;
	return { ...fields, [key]: changedAt(fields[key] ?? '', rest, to) };
}
