import { type Json, type JsonObject, typeOf } from './snapshot.ts';
import { variableParts } from './variable-parts.ts';

/** A bootstrap that Envoy can look at without leaving anything behind: even then it opens, and so makes, the files of access logs. */
export function validationBootstrap(bootstrap: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(bootstrap).map(([key, value]) => [key, withoutLogFiles(value)]));
}

const FILE_LOG = typeOf('extensions.access_loggers.file.v3.FileAccessLog');

function withoutLogFiles(value: Json): Json {
	if (typeof value !== 'object') return value;
	if (isList(value)) return value.map(withoutLogFiles);
	if (value['@type'] === FILE_LOG) return { ...value, path: '/dev/null' };
	return validationBootstrap(value);
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** For `mergeBootstrap`: where SDS is, only Envoy's host knows. */
export const someSds = variableParts({
	...{ variables: { APPMESH_SDS_SOCKET_PATH: '/run/sds' }, files: { parts: [] }, node: undefined, cluster: '' },
});
