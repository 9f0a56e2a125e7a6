// What `scripts/package` runs: packages/ with a deb, an rpm, an apk and a tar.gz for each processor.
import { createHash } from 'node:crypto';
import {
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../../src/version.ts';
import { checkPackages } from './check.ts';
import { nfpmConfig } from './nfpm-config.ts';
import { type Processor, processors, writePayload } from './payload.ts';
import { root, run } from './run.ts';
import { sourceEpoch } from './share.ts';

const NFPM = '2.45.2';
const formats = ['deb', 'rpm', 'apk', 'tar'];
const known = Object.keys(processors) as Processor[];
const { values } = parseArgs({
	options: {
		release: { type: 'string', default: '1' },
		format: { type: 'string', multiple: true, default: formats },
		processor: { type: 'string', multiple: true, default: known },
		check: { type: 'boolean', default: false },
		into: { type: 'string', default: join(root, 'packages') },
	},
});
refuseOthers(values.format, formats);
refuseOthers(values.processor, known);
const draft = join(root, `.cache/packages.${process.pid}`);
const made = join(draft, 'made');
const epoch = sourceEpoch();

try {
	mkdirSync(made, { recursive: true });
	const nfpm = findNfpm();
	for (const processor of known) if (values.processor.includes(processor)) makeFor(processor, nfpm);
	cpSync(join(root, 'dist/sbom.cdx.json'), join(made, `turnout_${version}.cdx.json`));
	writeFileSync(join(made, 'SHA256SUMS'), sums(made));
	rmSync(values.into, { recursive: true, force: true });
	cpSync(made, values.into, { recursive: true });
	if (values.check) checkPackages(values.into);
	process.stdout.write(readFileSync(join(values.into, 'SHA256SUMS'), 'utf8'));
} finally {
	rmSync(draft, { recursive: true, force: true });
}

/** Of this very version, made by Go from its module. */
function findNfpm(): string {
	const folder = join(root, `.cache/nfpm-${NFPM}`);
	const program = join(folder, 'nfpm');
	const build = ['go', 'install', '-p', '1', '-trimpath', `github.com/goreleaser/nfpm/v2/cmd/nfpm@v${NFPM}`];
	if (!existsSync(program)) run('nice', build, { env: { ...process.env, GOBIN: folder } });
	return program;
}

function makeFor(processor: Processor, nfpm: string): void {
	const { goName } = processors[processor];
	const files = join(draft, processor);
	writePayload(processor, join(files, 'turnout'));
	if (values.format.includes('tar')) makeArchive(join(files, 'turnout'), `turnout-${version}-linux-${goName}`);
	renameSync(join(files, 'turnout/share'), join(files, 'share'));
	const services = ['turnout.service', 'turnout-wait.service', 'turnout-control.service'];
	const units = [...services, 'turnout.yaml', 'environment'].map((name) => `systemd/${name}`);
	copyInto(files, ...units, 'scripts/packaging/copyright', 'scripts/packaging/lintian-overrides');
	// All of it is of the time that the source is of.
	for (const name of readdirSync(files, { recursive: true, encoding: 'utf8' }))
		utimesSync(join(files, name), epoch, epoch);
	const config = nfpmConfig(files, { version, epoch, release: values.release, architecture: goName });
	for (const format of values.format.filter((each) => each !== 'tar'))
		run(nfpm, ['package', '--config', config, '--packager', format, '--target', made]);
}

/** What scripts/install needs, as it is in a clone. */
function makeArchive(payload: string, name: string): void {
	const folder = join(draft, name);
	copyInto(join(folder, 'scripts'), 'scripts/install', 'scripts/uninstall', 'scripts/service');
	copyInto(join(folder, 'scripts/packaging'), 'scripts/packaging/postrm');
	copyInto(folder, 'systemd', 'LICENSE');
	run('cp', ['-Rl', payload, join(folder, 'dist')]);
	const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`, '--mode=u=rwX,go=rX'];
	const packed = ['--use-compress-program=gzip -n', '--format=gnu', '--file', join(made, `${name}.tar.gz`)];
	run('tar', ['--create', ...same, ...packed, '--directory', draft, name]);
}

function copyInto(folder: string, ...paths: readonly string[]): void {
	mkdirSync(folder, { recursive: true });
	run('cp', ['-R', ...paths, folder]);
}

function sums(folder: string): string {
	const lines = readdirSync(folder)
		.sort()
		.map(
			(name) =>
				`${createHash('sha256')
					.update(readFileSync(join(folder, name)))
					.digest('hex')}  ${name}\n`,
		);
	return lines.join('');
}

function refuseOthers(named: readonly string[], all: readonly string[]): void {
	const strange = named.find((name) => !all.includes(name));
	if (strange !== undefined) throw new Error(`There are no packages for ${strange}, only for ${all.join(', ')}`);
}
