import { type Given, textOf, usage } from '../../cli/arguments.ts';
import { quote } from '../../lib/escape.ts';
import type { DefinitionFile } from '../../mesh/load-mesh.ts';
import { readMeshSettings } from '../mesh/mesh-settings.ts';
import { parametersGiven } from '../mesh/task.ts';
import type { PodOptions } from '../pods/convert-pods.ts';
import { definitionsAt } from '../read-definitions.ts';
import { bootstrapsForAds, bootstrapsFrom } from './pod-bootstraps.ts';

/** Of the command line; undefined: no definitions are named. */
export function podOptions(given: Given, files: readonly DefinitionFile[] | undefined): PodOptions {
	const [envoyImage, mesh, adsSocket] = ['envoy-image', 'mesh', 'ads-socket'].map((name) => textOf(given, name));
	const parameters = parametersGiven(given) ?? new Map<string, string>();
	const { sidecar = 'native' } = given;
	if (sidecar !== 'native' && sidecar !== 'container')
		throw usage(`--sidecar takes native or container, not ${quote(String(sidecar))}`);
	if (adsSocket !== undefined && !/^\/.*[^/]$/.test(adsSocket))
		throw usage(`--ads-socket takes an absolute path, not ${quote(adsSocket)}`);
	return {
		...{
			image: textOf(given, 'image') ?? 'turnout',
			envoyImage,
			mesh: mesh ?? '',
			adsSocket,
			definitions: files ?? [],
		},
		...{ isNative: sidecar === 'native', namespace: parameters.get('namespace') ?? 'default' },
		bootstrapOf: bootstrapsOf(adsSocket, files && { files, parameters }),
	};
}

/** Of a file, a folder, or an etcd that is reached as the settings say. */
export async function definitionsGiven(given: Given): Promise<readonly DefinitionFile[] | undefined> {
	const place = textOf(given, 'definitions');
	return place === undefined ? undefined : definitionsAt([place], (await readMeshSettings(given)).config.mesh);
}

function bootstrapsOf(
	adsSocket: string | undefined,
	definitions: Parameters<typeof bootstrapsFrom>[0] | undefined,
): PodOptions['bootstrapOf'] {
	if (adsSocket !== undefined) return bootstrapsForAds(adsSocket);
	return definitions === undefined ? undefined : bootstrapsFrom(definitions);
}
