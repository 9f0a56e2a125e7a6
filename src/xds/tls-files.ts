import type { TlsFile } from '../values/tls-file.ts';
import type { Json, Snapshot } from './snapshot.ts';

const kinds: Readonly<Record<string, TlsFile['kind'] | undefined>> = {
	certificateChain: 'certificate',
	privateKey: 'key',
	trustedCa: 'trust',
};

/** All that a snapshot names, once each. */
export function tlsFilesOf({ lds, cds }: Snapshot): readonly TlsFile[] {
	const found = [lds, cds].flatMap((resources) =>
		Object.values(resources).flatMap((resource) => filesIn('', resource)),
	);
	return [...new Map(found.map((file) => [`${file.kind} ${file.path}`, file])).values()];
}

function filesIn(name: string, value: Json): readonly TlsFile[] {
	if (Array.isArray(value)) return value.flatMap((each) => filesIn(name, each));
	if (typeof value !== 'object') return [];
	const kind = kinds[name];
	const path = (value as Readonly<Record<string, Json>>)['filename'];
	if (kind !== undefined && typeof path === 'string') return [{ path, kind }];
	return Object.entries(value).flatMap(([key, each]) => filesIn(key, each));
}
