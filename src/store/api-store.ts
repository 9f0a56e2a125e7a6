import { randomUUID } from 'node:crypto';
import { Failure } from '../failure.ts';
import { fewAtATime } from '../lib/few-at-a-time.ts';
import { isRecord } from '../mesh/check-shape.ts';
import type { Mistake } from '../mesh/resource.ts';
import { collections, pluralOf } from '../mesh/schema/collections.ts';
import { type Kind, nameKey } from '../mesh/schema/kinds.ts';
import { checkResource } from '../mesh/validate-resources.ts';
import { readBeside } from './definition-text.ts';
import type { Entry, Key, Listed, MovableStore, Outcome } from './store.ts';

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
				await call('PUT', collectionOf(resource), { ...fields, ...given, [nameKey(resource.kind)]: resource.name });
				return 'done';
			}
			if (await isOutdated(call, resource, ifRevision)) return 'outdated';
			await call('PUT', targetOf(resource), fields);
			return 'done';
		},
		async remove(key, ifRevision): Promise<Outcome> {
			if (await isOutdated(call, key, ifRevision)) return 'outdated';
			await call('DELETE', targetOf(key));
			return 'done';
		},
	};
}

/** Looked up at the last moment. */
async function isOutdated(call: CallApi, key: Key, revision: string): Promise<boolean> {
	return revisionOf(fieldsOf(await call('GET', targetOf(key))), key) !== revision;
}

function revisionOf(reply: Readonly<Record<string, unknown>>, key: Key): string {
	const { uid, version } = readBeside(reply, key, 0).metadata;
	return `${uid} ${version}`;
}

const collectionOf = (key: Pick<Key, 'kind' | 'mesh' | 'parent'>): string =>
	collections[key.kind].replace(/\{(\w+)\}/g, (_, name) => encoded(name === 'meshName' ? key.mesh : key.parent));

const targetOf = (key: Key): string => `${collectionOf(key)}/${encoded(key.name)}`;

/** As SigV4 has it (RFC 3986). */
const encoded = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

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

async function keysOf(call: CallApi, mesh: string): Promise<Key[]> {
	const named = async (kind: Kind, parent = ''): Promise<Key[]> =>
		(await namesIn(call, { kind, mesh, parent })).map((name) => ({ kind, mesh, parent, name }));
	const outer = (await fewAtATime(within, AT_ONCE, (kind) => named(kind))).flat();
	const inner = await fewAtATime(outer, AT_ONCE, async ({ kind, name }) => {
		if (kind === 'virtualRouter') return named('route', name);
		return kind === 'virtualGateway' ? named('gatewayRoute', name) : [];
	});
	return [{ kind: 'mesh', mesh, parent: '', name: mesh }, ...outer, ...inner.flat()];
}

/** All pages. */
async function namesIn(call: CallApi, of: Pick<Key, 'kind' | 'mesh' | 'parent'>): Promise<string[]> {
	const names: string[] = [];
	for (let token: unknown = '', isFirst = true; isFirst || typeof token === 'string'; isFirst = false) {
		const query = isFirst ? '' : `?nextToken=${encoded(String(token))}`;
		const reply = fieldsOf(await call('GET', `${collectionOf(of)}${query}`));
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
	key: Key,
): Promise<{ readonly entry: Entry | undefined; readonly errors: readonly Mistake[] }> {
	const reply = fieldsOf(await call('GET', targetOf(key)));
	const placeOf = (path: string) => ({ file: targetOf(key), line: 1, path });
	const { resource, errors } = checkResource({ ...key, spec: reply['spec'] ?? {}, placeOf });
	const entry = resource && {
		resource,
		...readBeside(reply, key, 0),
		revision: revisionOf(reply, key),
		fixed: undefined,
	};
	return { entry, errors };
}
