// What turnout is made of, as CycloneDX: what is in its bundle, by package-lock.json, and Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../src/version.ts';
import { nodeVersion } from './payload.ts';

interface Locked {
	readonly version: string;
	readonly integrity?: string;
	readonly license?: string;
}

/** `files`: what has been bundled, below the repository's root. `epoch`: when the source was written, in seconds. */
export function billOfMaterials(files: readonly string[], epoch: number): string {
	const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')) as {
		readonly packages: Readonly<Record<string, Locked>>;
	};
	const homes = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
	const bundled = Object.entries(lock.packages).filter(([path]) => homes.has(path));
	const components = bundled.map(([path, locked]) => component(path.replace(/^.*node_modules\//, ''), locked));
	const node = { type: 'application', name: 'node', version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}` };
	const whole = {
		...{ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 },
		metadata: {
			timestamp: new Date(epoch * 1_000).toISOString(),
			component: {
				type: 'application',
				'bom-ref': 'turnout',
				name: 'turnout',
				version,
				licenses: licensesOf('Apache-2.0'),
			},
		},
		components: [{ 'bom-ref': node.purl, ...node, licenses: licensesOf('MIT') }, ...components],
	};
	return `${JSON.stringify(whole, null, '\t')}\n`;
}

function component(name: string, { version: own, integrity, license }: Locked) {
	const purl = `pkg:npm/${name.replace('@', '%40')}@${own}`;
	const [, hash = ''] = /^sha512-(.*)$/.exec(integrity ?? '') ?? [];
	return {
		...{ type: 'library', 'bom-ref': `${purl}#${own}`, name, version: own, purl },
		...(hash === '' ? {} : { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
		...(license === undefined ? {} : { licenses: licensesOf(license) }),
	};
}

const licensesOf = (license: string) =>
	/ (OR|AND|WITH) /.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
