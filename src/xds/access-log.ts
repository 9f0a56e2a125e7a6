import type { logging } from '../mesh/schema/common.ts';
import type { Value } from '../mesh/schema/shape.ts';
import { extension, type JsonObject } from './snapshot.ts';

/** `logging.accessLog.file`: a path, and a format as text or as JSON. Without a format it is Envoy's own. */
export function accessLogOf({ logging: given }: { readonly logging?: Value<typeof logging> }): readonly JsonObject[] {
	const file = given?.accessLog?.file;
	if (file === undefined) return [];
	const { text, json } = file.format ?? {};
	const fields = Object.fromEntries((json ?? []).map(({ key, value }) => [key, value]));
	const format = text === undefined ? { jsonFormat: fields } : { textFormatSource: { inlineString: text } };
	return [logTo(file.path, text === undefined && json === undefined ? {} : { logFormat: format })];
}

/** Envoy's own streams, as their paths may be refused to a user other than the one who opened them. */
function logTo(path: string, format: JsonObject): JsonObject {
	const name = path === '/dev/stdout' ? 'Stdout' : 'Stderr';
	if (path !== '/dev/stdout' && path !== '/dev/stderr')
		return extension('envoy.access_loggers.file', 'extensions.access_loggers.file.v3.FileAccessLog', {
			path,
			...format,
		});
	const type = `extensions.access_loggers.stream.v3.${name}AccessLog`;
	return extension(`envoy.access_loggers.${name.toLowerCase()}`, type, format);
}
