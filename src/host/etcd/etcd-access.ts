import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';
import { readSecretFile } from '../files/read-secret-file.ts';
import type { EtcdAccess } from './etcd-connection.ts';

/** The part of `mesh` in the settings by which etcd is reached; '' where nothing is set. */
export interface EtcdSettings {
	/** Who has signed the members' certificates: with it TLS is spoken. */
	readonly etcdCa: string;
	readonly etcdCertificate: string;
	readonly etcdKey: string;
	readonly etcdUser: string;
	readonly etcdPasswordFile: string;
}

/** Reads the files anew with each call. */
export function readEtcdAccess(settings: EtcdSettings): EtcdAccess {
	const { etcdCa, etcdCertificate, etcdKey, etcdUser, etcdPasswordFile } = settings;
	const [ca, certificate] = [readIf(etcdCa, readCertificate), readIf(etcdCertificate, readCertificate)];
	const key = readIf(etcdKey, (path) => Buffer.from(readSecretFile(path)));
	const password = readIf(etcdPasswordFile, (path) => readSecretFile(path).replace(/\r?\n$/, ''));
	return {
		credentials:
			ca === null ? credentials.createInsecure() : told(etcdKey, () => credentials.createSsl(ca, key, certificate)),
		login: password === null ? undefined : { name: etcdUser, password },
	};
}

const readIf = <T>(path: string, read: (path: string) => T): T | null => (path === '' ? null : read(path));

const readCertificate = (path: string): Buffer => told(path, () => readFileSync(path));

function told<T>(path: string, act: () => T): T {
	try {
		return act();
	} catch (cause) {
		const why = describeFsError(cause);
		throw new Failure(
			'config',
			`Cannot use ${path} for etcd: ${why}`,
			'See mesh.etcdCa, mesh.etcdCertificate and mesh.etcdKey',
			cause,
		);
	}
}
