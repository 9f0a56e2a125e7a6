import { isRecord } from '../check-shape.ts';
import type { Mistake, Place } from '../resource.ts';
import type { Kind } from '../schema/kinds.ts';
import { mistake } from './importer.ts';

const itemsAt = (spec: unknown, key: string): readonly unknown[] => {
	const items = isRecord(spec) ? spec[key] : undefined;
	return Array.isArray(items) ? items : [];
};

/** The preview of 2018 (API 2018-10-01, ended in March 2019) had no virtual services: routers had names, backends were names. */
export function previewMistakes(kind: Kind, spec: unknown, placeOf: (path: string) => Place): Mistake[] {
	const tell = (path: string, hint: string): Mistake =>
		mistake(placeOf(path), 'this is of the preview API of 2018 (2018-10-01), which had no virtual services', hint);
	if (kind === 'virtualRouter' && isRecord(spec) && 'serviceNames' in spec)
		return [
			tell(
				'spec.serviceNames',
				'write spec.listeners, and for each of these names a virtual service that this router provides',
			),
		];
	if (kind !== 'virtualNode') return [];
	const backends = itemsAt(spec, 'backends').flatMap((backend, at) =>
		typeof backend === 'string'
			? [tell(`spec.backends[${at}]`, 'write {"virtualService": {"virtualServiceName": NAME}}')]
			: [],
	);
	const discovery = isRecord(spec) && isRecord(spec['serviceDiscovery']) ? spec['serviceDiscovery']['dns'] : undefined;
	if (!isRecord(discovery) || !('serviceName' in discovery)) return backends;
	return [...backends, tell('spec.serviceDiscovery.dns.serviceName', 'it is called hostname since')];
}
