// What `scripts/tables` runs: writes the parts that are not as the code is, or with --check only names them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, renderParts, root } from './parts.ts';

const isCheck = process.argv.includes('--check');
const outdated = (await renderParts()).filter(isOutdated);
for (const { path, text } of outdated) {
	process.stdout.write(`${path}\n`);
	if (!isCheck) writeFileSync(join(root, path), text);
}
process.exitCode = isCheck && outdated.length > 0 ? 1 : 0;

function isOutdated({ path, text }: Part): boolean {
	const file = join(root, path);
	return !existsSync(file) || readFileSync(file, 'utf8') !== text;
}
