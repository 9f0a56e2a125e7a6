// Puts images into the registry of a host as a build elsewhere would: the host's own Docker has never seen them.
// After the registry's HTTP API (distribution.github.io/distribution/spec/api) and the image manifest, version 2, schema 2.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Namespace } from '../lab/net/namespace.ts';
import type { Account } from '../lab/services/registry.ts';
import { ENVOY, type Layer } from './layers.ts';

export interface Publication {
	/** Without its registry. */
	readonly name: string;
	/** Layers from below, by the image's tag. */
	readonly versions: Readonly<Record<string, readonly Layer[]>>;
	readonly account: Account;
	/** For what is made on the way. */
	readonly folder: string;
}

export async function publish(host: Namespace, publication: Publication): Promise<void> {
	const { name, versions, account, folder } = publication;
	const images = Object.entries(versions).map(([tag, layers]) => {
		const config = writeConfig(join(folder, `${tag}.json`), layers);
		return { tag, blobs: [...layers, config], manifest: manifestOf(config, layers) };
	});
	const blobs = new Map(images.flatMap((image) => image.blobs.map(({ digest, path }) => [digest, path])));
	const authorization = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
	const manifests = images.map(({ tag, manifest }) => ({ tag, manifest }));
	const order = { base: `http://127.0.0.1/v2/${name}`, authorization, blobs: [...blobs], manifests, MANIFEST };
	const args = ['--no-warnings', '--input-type=module', '--eval', uploadProgram];
	const child = host.spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
	// The login goes by standard input, as a program's arguments are everybody's.
	child.stdin?.end(JSON.stringify(order));
	const [said, [code]] = await Promise.all([child.stderr ? text(child.stderr) : '', once(child, 'exit')]);
	if (code !== 0) throw new Error(`Cannot publish ${name}: ${said.trim()}`);
}

type Config = Pick<Layer, 'path' | 'digest' | 'size'>;

function writeConfig(path: string, layers: readonly Layer[]): Config {
	const document = JSON.stringify({
		architecture: process.arch === 'x64' ? 'amd64' : process.arch,
		os: 'linux',
		config: { Entrypoint: [ENVOY] },
		rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
	});
	writeFileSync(path, document);
	const digest = `sha256:${createHash('sha256').update(document).digest('hex')}`;
	return { path, digest, size: Buffer.byteLength(document) };
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

function manifestOf(config: Config, layers: readonly Layer[]): object {
	const part = (mediaType: string, { digest, size }: Config) => ({ mediaType, digest, size });
	return {
		schemaVersion: 2,
		mediaType: MANIFEST,
		config: part('application/vnd.docker.container.image.v1+json', config),
		layers: layers.map((layer) => part('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)),
	};
}

/** Runs inside the host, where the registry is. */
const uploadProgram = `
import { readFileSync } from 'node:fs';
const { base, authorization, blobs, manifests, MANIFEST } = JSON.parse(readFileSync(0, 'utf8'));
const ask = async (method, url, headers, body) => {
	const reply = await fetch(url, { method, body, headers: { authorization, ...headers } });
	if (!reply.ok) throw new Error(method + ' ' + url + ': ' + reply.status + ' ' + (await reply.text()));
	return reply;
};
for (const [digest, path] of blobs) {
	const place = new URL((await ask('POST', base + '/blobs/uploads/')).headers.get('location'), base);
	place.searchParams.set('digest', digest);
	await ask('PUT', place, { 'content-type': 'application/octet-stream' }, readFileSync(path));
}
for (const { tag, manifest } of manifests)
	await ask('PUT', base + '/manifests/' + tag, { 'content-type': MANIFEST }, JSON.stringify(manifest));
`;
