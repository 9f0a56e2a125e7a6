import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Failure } from '../../failure.ts';
import { attempt } from '../../lib/attempt.ts';
import { systemClock } from '../../lib/clock.ts';
import { describeFsError } from '../../lib/fs.ts';
import { readSecretFile } from './read-secret-file.ts';
import { watchDefinitions } from './watch-definitions.ts';

/** PEM. */
export interface TlsFiles {
	/** A server's own, and the ones in between up to its authority's. */
	readonly certificate: string;
	readonly privateKey: string;
	/** Of the authorities whose certificates clients may have; undefined: they are asked for none. */
	readonly clientCa: string | undefined;
}

export interface TlsMaterial {
	readonly cert: string;
	readonly key: string;
	readonly ca?: string;
}

export interface TlsHandlers {
	readonly onRenewed: (material: TlsMaterial) => void;
	/** What was read before stays in use. Told once each. */
	readonly onProblem: (problem: unknown) => void;
	readonly onBlind: (why: string) => void;
}

export interface FollowedTls {
	/** In use now. */
	readonly current: () => TlsMaterial;
	readonly follow: (handlers: TlsHandlers, signal: AbortSignal) => void;
}

/** A certificate and its key are replaced one after the other. */
const PAIR_MS = 1_000;

/** Throws a Failure where they cannot be used now. */
export function openTlsFiles(files: TlsFiles): FollowedTls {
	let current = readTls(files);
	let told = '';
	const take = ({ onRenewed }: TlsHandlers): void => {
		const next = readTls(files);
		told = '';
		if (isSame(next, current)) return;
		current = next;
		onRenewed(next);
	};
	const tell = ({ onProblem }: TlsHandlers, error: unknown): void => {
		const text = String(error);
		if (text !== told) onProblem(error);
		told = text;
	};
	return {
		current: () => current,
		follow(handlers, signal) {
			const onChange = (): void => {
				if (!('error' in attempt(() => take(handlers)))) return;
				systemClock.after(PAIR_MS, () => {
					const again = attempt(() => take(handlers));
					if ('error' in again && !signal.aborted) tell(handlers, again.error);
				});
			};
			const { certificate, privateKey, clientCa = [] } = files;
			const paths = [certificate, privateKey, clientCa].flat();
			watchDefinitions(paths, { onChange, onBlind: handlers.onBlind }, signal);
		},
	};
}

const isSame = (a: TlsMaterial, b: TlsMaterial): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca;

function readTls({ certificate, privateKey, clientCa }: TlsFiles): TlsMaterial {
	const pair = { cert: readCertificates(certificate), key: readSecretFile(privateKey) };
	const fits = attempt(() => createSecureContext(pair));
	if ('error' in fits) throw unfit(`${privateKey} is not the key of ${certificate}`, fits.error);
	return clientCa === undefined ? pair : { ...pair, ca: readCertificates(clientCa) };
}

function readCertificates(path: string): string {
	const text = attempt(() => readFileSync(path, 'utf8'));
	if ('error' in text) throw unfit(`${path}: ${describeFsError(text.error)}`, text.error);
	const first = attempt(() => new X509Certificate(text.value));
	if ('error' in first) throw unfit(`${path} holds no certificate`, first.error);
	return text.value;
}

const unfit = (why: string, cause: unknown): Failure =>
	new Failure(
		'config',
		`Cannot use the files for TLS: ${why}`,
		'They are PEM; docs/certificates.md shows how they are made',
		cause,
	);
