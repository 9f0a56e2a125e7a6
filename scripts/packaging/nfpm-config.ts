// nfpm.yaml with its variables filled in, and the changelog that Debian and RPM ask for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

const MAINTAINER = 'The authors of turnout <turnout@turnout.example>';

interface About {
	readonly version: string;
	readonly release: string;
	readonly architecture: string;
	/** When the source was written, in seconds. */
	readonly epoch: number;
}

/** Writes both into `files`; the path of the first. */
export function nfpmConfig(files: string, { version, release, architecture, epoch }: About): string {
	const date = new Date(epoch * 1_000).toISOString();
	const changes = {
		semver: `${version}-${release}`,
		date,
		packager: MAINTAINER,
		deb: { urgency: 'medium', distributions: ['unstable'] },
		changes: [{ note: `Version ${version}` }],
	};
	writeFileSync(join(files, 'changelog.yaml'), stringify([changes]));
	const known: Readonly<Record<string, string>> = {
		...{ FILES: files, VERSION: version, RELEASE: release, ARCHITECTURE: architecture },
		...{ DATE: date, MAINTAINER },
	};
	const template = readFileSync(join(import.meta.dirname, 'nfpm.yaml'), 'utf8');
	const path = join(files, 'nfpm.yaml');
	writeFileSync(
		path,
		template.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => known[name] ?? ''),
	);
	return path;
}
