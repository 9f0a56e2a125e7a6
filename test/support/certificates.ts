// Certificates of an authority of our own, as files that Envoy's user may read.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pems } from '../lab/net/http-peer.ts';

/** As App Mesh names the two files. */
export type CertificateFiles = { readonly certificateChain: string; readonly privateKey: string };

export interface Authority {
	/** Its own certificate: what others trust. */
	readonly path: string;
	/** `names`: of hosts. */
	readonly issue: (name: string, names: readonly string[]) => CertificateFiles;
}

const SELF_SIGNED = [
	'req',
	'-x509',
	'-newkey',
	'ec',
	'-pkeyopt',
	'ec_paramgen_curve:prime256v1',
	'-nodes',
	'-days',
	'2',
];

export function createAuthority(folder: string, name: string): Authority {
	const own = make(folder, name, []);
	return {
		path: own.certificateChain,
		issue: (file, names) =>
			make(folder, file, [
				...['-CA', own.certificateChain, '-CAkey', own.privateKey],
				...['-addext', `subjectAltName=${names.map((host) => `DNS:${host}`).join(',')}`],
				...['-addext', 'basicConstraints=critical,CA:FALSE'],
			]),
	};
}

function make(folder: string, name: string, more: readonly string[]): CertificateFiles {
	const files = { certificateChain: join(folder, `${name}.pem`), privateKey: join(folder, `${name}.key`) };
	const out = ['-subj', `/CN=${name}`, '-keyout', files.privateKey, '-out', files.certificateChain];
	execFileSync('openssl', [...SELF_SIGNED, ...out, ...more], { stdio: 'pipe' });
	chmodSync(files.privateKey, 0o644);
	return files;
}

export const pemsOf = ({ certificateChain, privateKey }: CertificateFiles): Pems => ({
	cert: readFileSync(certificateChain, 'utf8'),
	key: readFileSync(privateKey, 'utf8'),
});
