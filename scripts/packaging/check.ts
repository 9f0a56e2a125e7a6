// What others say of the packages: lintian, rpm, rpmlint, man. Throws with what is wrong.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './run.ts';

export function checkPackages(folder: string): void {
	const named = (ending: string) =>
		readdirSync(folder)
			.filter((name) => name.endsWith(ending))
			.map((name) => join(folder, name));
	run('lintian', ['--fail-on', 'error', ...named('.deb')]);
	for (const path of named('.rpm')) {
		run('rpm', ['--checksig', path]);
		checkRpm(path);
	}
	for (const page of ['man8/turnout.8.gz', 'man5/turnout.yaml.5.gz']) checkPage(join(root, 'dist/share/man', page));
	run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folder });
}

/** It unpacks by absolute names, as they are in the file: on a copy of this host that nothing is left of. */
function checkRpm(path: string): void {
	const copy = mkdtempSync(join(tmpdir(), 'turnout-rpmlint-'));
	try {
		for (const name of ['usr', 'etc', 'opt', 'tmp', 'var', 'proc', 'sys', 'dev', 'run', 'root'])
			mkdirSync(join(copy, name));
		for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(copy, name));
		const apart = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--link-journal=no'];
		const bare = [
			'--resolv-conf=off',
			'--timezone=off',
			`--directory=${copy}`,
			'--overlay=/usr::/usr',
			'--overlay=/etc::/etc',
		];
		const seen = [root, path].map((each) => `--bind-ro=${each}`);
		const filter = join(root, 'scripts/packaging/rpmlintrc');
		run('systemd-nspawn', [...apart, ...bare, ...seen, 'rpmlint', '--rpmlintrc', filter, path]);
	} finally {
		rmSync(copy, { recursive: true });
	}
}

function checkPage(path: string): void {
	const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' };
	const warned = run('man', ['--warnings', '--pager=cat', '--local-file', path], { env }, 'stderr');
	if (warned !== '') throw new Error(`man says of ${path}: ${warned}`);
}
