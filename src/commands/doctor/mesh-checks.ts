import type { Loaded } from '../../config/merge-sources.ts';
import { certificateFindings } from '../../doctor/certificates-check.ts';
import { type Finding, findingOf, well } from '../../doctor/finding.ts';
import { meshFindings } from '../../doctor/mesh-check.ts';
import { envoyGid } from '../../envoy/command-line.ts';
import { primaryGroup } from '../../host/files/accounts.ts';
import { type Reader, readTlsFile } from '../../host/files/read-tls-file.ts';
import { memoize } from '../../lib/memoize.ts';
import { mistakesFor } from '../../mesh/held-up.ts';
import { type LoadedMesh, loadMesh } from '../../mesh/load-mesh.ts';
import type { Mistake } from '../../mesh/resource.ts';
import { envoyUser } from '../../ruleset/answers.ts';
import { unservedFact } from '../../status/mesh-condition.ts';
import { nodeId } from '../../values/mesh-node.ts';
import type { TlsFile } from '../../values/tls-file.ts';
import { renderProxy } from '../../xds/render-proxy.ts';
import { tlsFilesOf } from '../../xds/tls-files.ts';
import { checkHost } from '../mesh/host-checks.ts';
import { optionsHere, thisNode } from '../mesh/this-node.ts';
import { definitionsAt } from '../read-definitions.ts';
import { hasDefinitions } from '../run/assemble-mesh.ts';
import type { Examination } from './examination.ts';

/** The mesh as it is on the disk, and what it means on this host. */
export async function checkDefinitions(of: Examination): Promise<readonly Finding[]> {
	const loaded = await of.settings();
	const { config } = loaded;
	if (!hasDefinitions(config)) return [well('mesh', whyNone(loaded)), well('names')];
	if (config.envoy.config !== '') return [findingOf(unservedFact(config.envoy.config)), well('names')];
	const settings = { ...loaded, trouble: '' };
	const said = await loadedOf(config);
	const own = mistakesHere(said, settings);
	const others = said.errors.filter((each) => !own.includes(each));
	const warnings = [...said.warnings, ...others];
	if (own.length > 0) return meshFindings({ errors: own, warnings, names: [] });
	const here = await checkHost({ settings, path: undefined, terminal: { signal: of.signal } }, said.catalogs);
	return meshFindings({ ...here, warnings: [...warnings, ...here.warnings] });
}

/** Where this host is no node, all of them. */
function mistakesHere(loaded: LoadedMesh, settings: Parameters<typeof thisNode>[0]): readonly Mistake[] {
	const node = thisNode(settings);
	return node === undefined ? loaded.errors : mistakesFor(loaded, node);
}

const whyNone = ({ config: { mesh } }: Loaded): string =>
	mesh.node === undefined
		? 'this host is no node of one (mesh.node)'
		: `there are no definitions at ${mesh.definitions.join(', ')}: Envoy passes everything on`;

const loadedOf = memoize(
	async ({ mesh }: Loaded['config']): Promise<LoadedMesh> =>
		loadMesh(await definitionsAt(mesh.definitions, mesh), new Map(mesh.parameters)),
);

export async function checkCertificates(of: Examination): Promise<readonly Finding[]> {
	const loaded = await of.settings();
	const files = hasDefinitions(loaded.config) ? filesOf(loaded, await loadedOf(loaded.config)) : [];
	const capture = await of.capture();
	const uid = envoyUser(capture);
	const { runtime, mounts } = loaded.config.envoy;
	const reader: Reader = {
		...{ uid, gid: envoyGid(capture.ignoreGids) ?? primaryGroup(uid) },
		mounts: runtime === 'docker' ? mounts : undefined,
	};
	const facts = files.map((file) => readTlsFile(file, reader));
	return certificateFindings(facts, Date.now(), `user ${uid}`);
}

/** None where the definitions have mistakes, which are told. */
function filesOf(loaded: Loaded, said: LoadedMesh): readonly TlsFile[] {
	const settings = { ...loaded, trouble: '' };
	const node = thisNode(settings);
	const catalog = said.catalogs.find(({ mesh }) => mesh === node?.mesh);
	if (mistakesHere(said, settings).length > 0 || node === undefined || catalog === undefined) return [];
	const rendered = renderProxy(catalog, node, optionsHere(settings, nodeId(node)));
	return rendered === undefined ? [] : tlsFilesOf(rendered.snapshot);
}
