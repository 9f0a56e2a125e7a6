import { randomUUID } from 'node:crypto';
import { Failure } from '../failure.ts';
import { fewAtATime } from '../lib/few-at-a-time.ts';
import { isRecord } from '../mesh/check-shape.ts';
import type { Mistake, ResourceKey } from '../mesh/resource.ts';
import { collectionPath, encoded, resourcePath } from '../mesh/resource-path.ts';
import { pluralOf } from '../mesh/schema/collections.ts';
import { type Kind, nameKey } from '../mesh/schema/kinds.ts';
import { checkResource } from '../mesh/validate-resources.ts';
import { readBeside } from './definition-text.ts';
import type { Entry, Listed, MovableStore, Outcome } from './store.ts';

/** A request to App Mesh's API, and the JSON of its reply. Throws a Failure that says why it was refused. */
export type CallApi = (method: 'GET' | 'PUT' | 'DELETE', target: string, body?: object) => Promise<unknown>;

/** So many are asked for at once. */
const AT_ONCE = 8;

/** Resources behind App Mesh's API, wherever that is. It has no revisions but its versions, and judges by itself what is put. */
export function createApiStore(call: CallApi): MovableStore {
	return {
		list: () => list(call),
		async put({ resource, tags }, ifRevision): Promise<Outcome> {
			const fields = { spec: resource.spec, clientToken: randomUUID() };
			if (ifRevision === undefined) {
				const given = tags.length === 0 ? {} : { tags };
				await call('PUT', collectionPath(resource), { ...fields, ...given, [nameKey(resource.kind)]: resource.name });
				return 'done';
			}
			if (await isOutdated(call, resource, ifRevision)) return 'outdated';
			await call('PUT', resourcePath(resource), fields);
			return 'done';
		},
		async remove(key, ifRevision): Promise<Outcome> {
			if (await isOutdated(call, key, ifRevision)) return 'outdated';
			await call('DELETE', resourcePath(key));
			return 'done';
		},
	};
}

/** Looked up at the last moment. */
async function isOutdated(call: CallApi, key: ResourceKey, revision: string): Promise<boolean> {
	return revisionOf(fieldsOf(await call('GET', resourcePath(key))), key) !== revision;
}

function revisionOf(reply: Readonly<Record<string, unknown>>, key: ResourceKey): string {
	const { uid, version } = readBeside(reply, key, 0).metadata;
	return `${uid} ${version}`;
}

async function list(call: CallApi): Promise<Listed> {
	const meshes = await namesIn(call, { kind: 'mesh', mesh: '', parent: '' });
	const keys = await fewAtATime(meshes, 1, (mesh) => keysOf(call, mesh));
	const found = await fewAtATime(keys.flat(), AT_ONCE, (key) => describe(call, key));
	return {
		entries: found.flatMap(({ entry }) => entry ?? []),
		errors: found.flatMap(({ errors }) => errors),
	};
}

const within: readonly Kind[] = ['virtualNode', 'virtualRouter', 'virtualService', 'virtualGateway'];

async function keysOf(call: CallApi, mesh: string): Promise<ResourceKey[]> {
	const named = async (kind: Kind, parent = ''): Promise<ResourceKey[]> =>
		(await namesIn(call, { kind, mesh, parent })).map((name) => ({ kind, mesh, parent, name }));
	const outer = (await fewAtATime(within, AT_ONCE, (kind) => named(kind))).flat();
	const inner = await fewAtATime(outer, AT_ONCE, async ({ kind, name }) => {
		if (kind === 'virtualRouter') return named('route', name);
		return kind === 'virtualGateway' ? named('gatewayRoute', name) : [];
	});
	return [{ kind: 'mesh', mesh, parent: '', name: mesh }, ...outer, ...inner.flat()];
}

/** All pages. */
async function namesIn(call: CallApi, of: Pick<ResourceKey, 'kind' | 'mesh' | 'parent'>): Promise<string[]> {
	const names: string[] = [];
	for (let token: unknown = '', isFirst = true; isFirst || typeof token === 'string'; isFirst = false) {
		const query = isFirst ? '' : `?nextToken=${encoded(String(token))}`;
		const reply = fieldsOf(await call('GET', `${collectionPath(of)}${query}`));
		const items = reply[pluralOf(of.kind)];
		if (!Array.isArray(items)) throw unlike(`it lists no ${pluralOf(of.kind)}`);
		names.push(...items.map((item) => String(fieldsOf(item)[nameKey(of.kind)])));
		token = reply['nextToken'];
	}
	return names;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});

const unlike = (why: string): Failure =>
	new Failure('config', `Cannot read the meshes: what answers is not App Mesh's API, as ${why}`, 'See its address');

async function describe(
	call: CallApi,
	key: ResourceKey,
): Promise<{ readonly entry: Entry | undefined; readonly errors: readonly Mistake[] }> {
	const reply = fieldsOf(await call('GET', resourcePath(key)));
	const placeOf = (path: string) => ({ file: resourcePath(key), line: 1, path });
	const { resource, errors } = checkResource({ ...key, spec: reply['spec'] ?? {}, placeOf });
	const entry = resource && {
		resource,
		...readBeside(reply, key, 0),
		revision: revisionOf(reply, key),
		fixed: undefined,
	};
	return { entry, errors };
}
