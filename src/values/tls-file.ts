/** A file that Envoy reads for TLS. */
export interface TlsFile {
	readonly path: string;
	/** `trust`: of authorities, of which one is enough. */
	readonly kind: 'certificate' | 'key' | 'trust';
}
