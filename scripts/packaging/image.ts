// What `scripts/image` runs: image/ with an OCI image for each processor, in one archive.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../../src/version.ts';
import { askedOf } from './asked.ts';
import { writeImageRoot } from './image-root.ts';
import { knownProcessors, type Processor, processors } from './payload.ts';
import { root, run } from './run.ts';
import { sourceEpoch } from './share.ts';

const { values } = parseArgs({
	options: {
		processor: { type: 'string', multiple: true, default: [...knownProcessors] },
		into: { type: 'string', default: join(root, 'image') },
	},
});
const asked = askedOf(values.processor, knownProcessors);
const draft = join(root, `.cache/image.${process.pid}`);
/** Not the images of whoever runs this. */
const buildah = (...words: readonly string[]): string => {
	const own = ['--storage-driver', 'vfs', '--root', join(draft, 'storage'), '--runroot', join(draft, 'run')];
	return run('buildah', [...own, ...words]);
};
const file = join(values.into, `turnout-${version}.oci.tar`);

try {
	mkdirSync(draft, { recursive: true });
	for (const processor of asked) process.stdout.write(`${processor}: ${makeFor(processor)}\n`);
	rmSync(values.into, { recursive: true, force: true });
	mkdirSync(values.into, { recursive: true });
	buildah('manifest', 'push', '--quiet', '--all', 'turnout', `oci-archive:${file}:turnout:${version}`);
	process.stdout.write(`${file}\n`);
} finally {
	rmSync(draft, { recursive: true, force: true });
}

/** What is in it. */
function makeFor(processor: Processor): string {
	const { folder, contents } = writeImageRoot(processor, join(draft, processor));
	const labels = {
		title: 'turnout',
		description: "Sends a pod's or a task's TCP traffic through Envoy",
		licenses: 'Apache-2.0',
		version,
	};
	const words = [
		...['--platform', `linux/${processors[processor].goName}`, '--manifest', 'turnout', '--format', 'oci'],
		...['--timestamp', String(sourceEpoch()), '--file', join(root, 'scripts/packaging/Containerfile')],
		...Object.entries(labels).flatMap(([name, value]) => ['--label', `org.opencontainers.image.${name}=${value}`]),
	];
	buildah('build', '--quiet', ...words, folder);
	return contents;
}
