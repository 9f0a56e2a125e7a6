import { readFileSync, statSync } from 'node:fs';
import { usage } from '../../cli/arguments.ts';
import type { Config } from '../../config/schema.ts';
import { Failure } from '../../failure.ts';
import { createApiClient } from '../../host/control-plane/api-client.ts';
import { openDefinitionFolder } from '../../host/files/definition-folder.ts';
import { attempt } from '../../lib/attempt.ts';
import { quote } from '../../lib/escape.ts';
import { describeFsError } from '../../lib/fs.ts';
import type { Parameters } from '../../mesh/importers/importer.ts';
import { createApiStore } from '../../store/api-store.ts';
import { createFolderStore } from '../../store/folder-store.ts';
import type { MovableStore } from '../../store/store.ts';
import { openEtcdAt } from '../shared-etcd.ts';

/** Nothing of it goes on once it is disposed of. */
export type OpenPlace = MovableStore & Disposable;

export interface OpenOptions {
	readonly parameters: Parameters;
	/** By which an etcd is reached. */
	readonly mesh: Config['mesh'];
	/** A folder that is not there is made. */
	readonly isTarget: boolean;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly signal: AbortSignal;
}

type Open = (place: string, options: OpenOptions) => MovableStore | Promise<MovableStore>;

/** By how an address begins. */
const opened: Readonly<Record<string, Open>> = { 'etcd:': openEtcd, 'http:': openApi, 'https:': openApi };

/** A folder, or what an address leads to. Throws a Failure where there is nothing of the kind. */
export async function openPlace(place: string, options: OpenOptions): Promise<OpenPlace> {
	const [, scheme] = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(place) ?? [];
	const open = scheme === undefined ? openFolder : opened[scheme.toLowerCase()];
	if (open !== undefined) {
		const ended = new AbortController();
		const store = await open(place, { ...options, signal: AbortSignal.any([options.signal, ended.signal]) });
		return { ...store, [Symbol.dispose]: () => ended.abort() };
	}
	const known = Object.keys(opened).map((each) => `${each}//…`);
	throw usage(`${quote(place)} is no place of definitions: a folder, ${known.join(' or ')}`);
}

/** As one of the programs that change it. */
async function openEtcd(place: string, { parameters, mesh, signal }: OpenOptions): Promise<MovableStore> {
	const { session, folderInEtcd } = await openEtcdAt(place, mesh, () => undefined, signal);
	return createFolderStore(folderInEtcd(session), parameters);
}

/** While `turnout control` serves the folder, this is as if somebody saved the files by hand. */
function openFolder(path: string, { parameters, isTarget }: OpenOptions): MovableStore {
	const stats = statSync(path, { throwIfNoEntry: false });
	if (stats === undefined && !isTarget) throw unusable(path, 'it is not there');
	if (stats?.isDirectory() === false) throw unusable(path, 'it is no folder');
	return createFolderStore(
		openDefinitionFolder(path, () => undefined),
		parameters,
	);
}

const unusable = (path: string, why: string): Failure =>
	new Failure('config', `Cannot use ${path}: ${why}`, 'Name a folder of definitions; turnout mesh convert reads files');

/** With the keys that AWS's tools take, by the variables that they take. */
function openApi(address: string, { env, signal }: OpenOptions): MovableStore {
	const url = attempt(() => new URL(address));
	if ('error' in url || url.value.search !== '' || url.value.username !== '')
		throw usage(`${quote(address)} is no address of an API such as https://mesh.example:8474`);
	const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env;
	const { AWS_SESSION_TOKEN: sessionToken = '', AWS_CA_BUNDLE: bundle = '' } = env;
	const client = createApiClient(url.value, {
		credentials:
			accessKeyId === '' || secretAccessKey === ''
				? undefined
				: { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) },
		region: env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'local',
		ca: bundle === '' ? undefined : readBundle(bundle),
		signal,
	});
	return createApiStore(client);
}

function readBundle(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		const why = describeFsError(cause);
		throw new Failure(
			'config',
			`Cannot read AWS_CA_BUNDLE ${path}: ${why}`,
			'Name a file of certificates in PEM',
			cause,
		);
	}
}
