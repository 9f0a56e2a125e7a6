import { type Given, textOf, usage } from '../../cli/arguments.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import { quote } from '../../lib/escape.ts';
import { parametersGiven } from '../mesh/task.ts';
import type { PodOptions } from '../pods/convert-pods.ts';
import { bootstrapsForAds, bootstrapsFrom } from './pod-bootstraps.ts';

/** Of the command line. */
export function podOptions(given: Given): PodOptions {
	const [envoyImage, mesh, definitions, adsSocket] = ['envoy-image', 'mesh', 'definitions', 'ads-socket'].map((name) =>
		textOf(given, name),
	);
	const parameters = parametersGiven(given) ?? new Map<string, string>();
	const files = definitions === undefined ? [] : readDefinitions([definitions]);
	const { sidecar = 'native' } = given;
	if (sidecar !== 'native' && sidecar !== 'container')
		throw usage(`--sidecar takes native or container, not ${quote(String(sidecar))}`);
	if (adsSocket !== undefined && !/^\/.*[^/]$/.test(adsSocket))
		throw usage(`--ads-socket takes an absolute path, not ${quote(adsSocket)}`);
	return {
		...{ image: textOf(given, 'image') ?? 'turnout', envoyImage, mesh: mesh ?? '', adsSocket, definitions: files },
		...{ isNative: sidecar === 'native', namespace: parameters.get('namespace') ?? 'default' },
		bootstrapOf: bootstrapsOf(adsSocket, definitions === undefined ? undefined : { files, parameters }),
	};
}

function bootstrapsOf(
	adsSocket: string | undefined,
	definitions: Parameters<typeof bootstrapsFrom>[0] | undefined,
): PodOptions['bootstrapOf'] {
	if (adsSocket !== undefined) return bootstrapsForAds(adsSocket);
	return definitions === undefined ? undefined : bootstrapsFrom(definitions);
}
