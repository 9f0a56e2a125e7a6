// Any valid mesh against a real Envoy, which says whether it would take what the mesh's nodes and gateways are given.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalJson } from '../../src/mesh/canonical.ts';
import type { Resource } from '../../src/mesh/resource.ts';
import { mergeBootstrap } from '../../src/xds/merge-bootstrap.ts';
import { staticBootstrap } from '../../src/xds/static-bootstrap.ts';
import { someSds } from '../../src/xds/validation-bootstrap.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { createAuthority } from '../support/certificates.ts';
import { anyMesh } from '../support/valid-mesh.ts';
import { mergeBootstraps } from './merge-bootstraps.ts';
import { renderMesh } from './render-mesh.ts';

/** Meshes that one Envoy validates: its start takes longer than all of them. */
const AT_ONCE = 30;

const PER_SEED = 300;

/** For the smallest mesh that fails; the smallest until then is told. */
const PATIENCE_MS = 60_000;

type Mesh = readonly Resource[];

interface Draw {
	readonly seed: number;
	/** Which of those that the seed gives. */
	readonly from: number;
	readonly meshes: readonly Mesh[];
}

/** Rejects with the seed and the smallest mesh that is refused. Resolves to how many nodes and gateways Envoy has taken. */
export async function fuzzMeshes(
	runs: number,
	seed: number,
	onProgress: (meshes: number) => void = () => undefined,
): Promise<number> {
	using scratch = createScratch('fuzz-meshes');
	const { issue } = createAuthority(scratch.path, 'authority');
	issue('server', ['server']);
	const meshes = anyMesh(scratch.path);
	const envoy = { program: await findEnvoy(), folder: scratch.path };
	const done = { meshes: 0, proxies: 0 };
	const draws = drawsOf(meshes, runs, seed);
	const work = async () => {
		for (const draw of draws) {
			const proxies = await tryAll(meshes, draw, envoy);
			done.proxies += proxies;
			done.meshes += draw.meshes.length;
			onProgress(done.meshes);
		}
	};
	// While an Envoy works on some of them, the next ones are drawn.
	await Promise.all([work(), work()]);
	return done.proxies;
}

/** Not too few of a seed: the first ones are small. */
function* drawsOf(meshes: fc.Arbitrary<Mesh>, runs: number, seed: number): Generator<Draw, undefined> {
	for (let first = 0; first < runs; first += PER_SEED) {
		const numRuns = Math.min(PER_SEED, runs - first);
		const drawn = fc.sample(meshes, { seed: seed + first, numRuns });
		for (let from = 0; from < numRuns; from += AT_ONCE)
			yield { seed: seed + first, from, meshes: drawn.slice(from, from + AT_ONCE) };
	}
}

interface Envoy {
	readonly program: string;
	readonly folder: string;
}

/** All at once; only if that fails one by one, to find the smallest. */
async function tryAll(any: fc.Arbitrary<Mesh>, { seed, from, meshes }: Draw, envoy: Envoy): Promise<number> {
	try {
		return await requireTaken(meshes, envoy);
	} catch (together) {
		const alone = fc.asyncProperty(any, async (mesh) => void (await requireTaken([mesh], envoy)));
		const again = { seed, path: String(from), numRuns: meshes.length };
		await fc.assert(alone, { ...again, interruptAfterTimeLimit: PATIENCE_MS });
		throw together;
	}
}

async function requireTaken(meshes: readonly Mesh[], { program, folder }: Envoy): Promise<number> {
	const proxies = meshes.flatMap((mesh) => renderMesh([{ path: 'mesh.json', text: canonicalJson(mesh) }]));
	const bootstraps = proxies
		.filter(({ errors }) => errors.length === 0)
		.map(({ id, snapshot }) => mergeBootstrap(staticBootstrap(snapshot, { id, cluster: id }), someSds));
	if (bootstraps.length === 0) return 0;
	const path = join(folder, `${Math.random()}.json`);
	writeFileSync(path, JSON.stringify(mergeBootstraps(bootstraps)));
	const args = ['--mode', 'validate', '-c', path, '--use-dynamic-base-id', '-l', 'error'];
	const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
	const said: string[] = [];
	child.stderr?.on('data', (text) => said.push(String(text)));
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(reasonIn(said.join('')));
	return bootstraps.length;
}

/** Envoy shows all of the value that is wrong, before it says why. */
const reasonIn = (text: string): string =>
	text.length < 2_000 ? text : `${text.slice(0, 500)} … ${text.slice(-1_500)}`;
