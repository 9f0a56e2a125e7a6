// All that scripts/package makes, twice.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { version } from '../../../src/version.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { root } from '../../support/pages.ts';

const scratch = createScratch('packages');
after(() => scratch[Symbol.dispose]());
const make = (name: string, ...args: readonly string[]): string => {
	const into = join(scratch.path, name);
	execFileSync(join(root, 'scripts/package'), ['--into', into, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
	return into;
};

test('there is a package of each format for each processor, lintian, rpmlint and man find no error, and a second build is the same', () => {
	const first = make('first', '--check');
	assert.deepEqual(readdirSync(first), [
		'SHA256SUMS',
		`turnout-${version}-1.aarch64.rpm`,
		`turnout-${version}-1.x86_64.rpm`,
		`turnout-${version}-linux-amd64.tar.gz`,
		`turnout-${version}-linux-arm64.tar.gz`,
		`turnout_${version}-1_amd64.deb`,
		`turnout_${version}-1_arm64.deb`,
		`turnout_${version}-r1_aarch64.apk`,
		`turnout_${version}-r1_x86_64.apk`,
		`turnout_${version}.cdx.json`,
	]);
	for (const name of readdirSync(first).filter((each) => each.endsWith('.apk')))
		assert.deepEqual(
			modesOf(join(first, name)).filter((mode) => !/^0000[0-7]{3}\0$/.test(mode)),
			[],
			name,
		);
	const sums = (folder: string) => readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
	assert.equal(sums(make('second')), sums(first));
});

/** As they stand in the headers of the archive, tar(5): apk reads octal digits only. */
function modesOf(path: string): string[] {
	const archive = gunzipSync(readFileSync(path));
	const modes: string[] = [];
	for (let at = 0; at < archive.length; ) {
		const [mode, size] = [
			archive.toString('latin1', at + 100, at + 108),
			archive.toString('latin1', at + 124, at + 135),
		];
		if (archive[at] !== 0) modes.push(mode);
		at += 512 * (1 + Math.ceil((Number.parseInt(size, 8) || 0) / 512));
	}
	return modes;
}
