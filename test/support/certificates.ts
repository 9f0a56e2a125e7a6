// Certificates of an authority of our own, as files that Envoy's user may read.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Pems } from '../lab/net/http-peer.ts';

/** As App Mesh names the two files. */
export type CertificateFiles = { readonly certificateChain: string; readonly privateKey: string };

export interface Authority {
	/** Its own certificate: what others trust. */
	readonly path: string;
	/** `names`: of hosts, their addresses, or URIs; good for 30 days unless said otherwise. */
	readonly issue: (name: string, names: readonly string[], days?: number) => CertificateFiles;
	/** One that was good until a day ago. */
	readonly issueExpired: (name: string, names: readonly string[]) => CertificateFiles;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const SELF_SIGNED = ['req', '-x509', ...KEY];
const DAYS = 30;

export function createAuthority(folder: string, name: string): Authority {
	const own = make(folder, name, ['-days', `${DAYS}`]);
	const by = ['-CA', own.certificateChain, '-CAkey', own.privateKey];
	return {
		path: own.certificateChain,
		issue: (file, names, days = DAYS) =>
			make(folder, file, [
				...[...by, '-days', `${days}`, '-addext', `subjectAltName=${alternativeNames(names)}`],
				...['-addext', 'basicConstraints=critical,CA:FALSE'],
			]),
		issueExpired: (file, names) => makeExpired(folder, file, { own, names }),
	};
}

const alternativeNames = (names: readonly string[]): string => names.map((name) => `${typeOf(name)}:${name}`).join(',');

const typeOf = (name: string): string => (isIP(name) > 0 ? 'IP' : /^(arn:|\w+:\/\/)/.test(name) ? 'URI' : 'DNS');

/** `openssl req` takes no dates. */
function makeExpired(
	folder: string,
	name: string,
	{ own, names }: { readonly own: CertificateFiles; readonly names: readonly string[] },
): CertificateFiles {
	const files = { certificateChain: join(folder, `${name}.pem`), privateKey: join(folder, `${name}.key`) };
	const [request, config, index] = ['request', 'config', 'index'].map((kind) => join(folder, `${name}.${kind}`));
	if (request === undefined || config === undefined || index === undefined)
		throw new Error('unreachable: three are named');
	writeFileSync(index, '');
	writeFileSync(
		config,
		`[ca]\ndefault_ca=own\n[own]\ndatabase=${index}\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=ext\n[any]\ncommonName=supplied\n[ext]\nsubjectAltName=${alternativeNames(names)}\nbasicConstraints=critical,CA:FALSE\n`,
	);
	const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
	openssl('req', ...KEY, '-new', '-subj', `/CN=${name}`, '-keyout', files.privateKey, '-out', request);
	openssl(
		...['ca', '-batch', '-notext', '-config', config, '-cert', own.certificateChain, '-keyfile', own.privateKey],
		...['-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-in', request, '-out', files.certificateChain],
	);
	chmodSync(files.privateKey, 0o644);
	return files;
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
