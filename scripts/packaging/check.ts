// What others say of the packages: lintian, rpm, rpmlint, man. Throws with what is wrong.
import { readdirSync } from 'node:fs';
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
	const copy = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--volatile=overlay', '--directory=/'];
	const seen = [root, path].map((each) => `--bind-ro=${each}`);
	run('systemd-nspawn', [...copy, ...seen, 'rpmlint', '--rpmlintrc', join(root, 'scripts/packaging/rpmlintrc'), path]);
}

function checkPage(path: string): void {
	const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' };
	const warned = run('man', ['--warnings', '--pager=cat', '--local-file', path], { env }, 'stderr');
	if (warned !== '') throw new Error(`man says of ${path}: ${warned}`);
}
