import { canonicalJson, canonicalYaml } from '../../mesh/canonical.ts';
import { importFiles } from '../../mesh/import-files.ts';
import { refuse, type Task } from './task.ts';

/** Also of a part of a mesh, whose references lead to what is elsewhere. */
export function convertMesh({ files, parameters, terminal: { out, isJson } }: Task): number {
	const { resources, errors } = importFiles(files, parameters);
	refuse(errors, 'convert');
	out(isJson ? canonicalJson(resources) : canonicalYaml(resources));
	return 0;
}
