/** Who asks for the configuration of an Envoy by the network, and by what it shows that it may. */
export interface AdsCaller {
	readonly address: string;
	/** Undefined: it has shown none. */
	readonly certificate: PresentedCertificate | undefined;
	/** What it may have signed. */
	readonly request: {
		readonly method: string;
		readonly target: string;
		/** Names and values by turns. */
		readonly rawHeaders: readonly string[];
		readonly body: Uint8Array;
	};
}

/** As `node:crypto` reads it. */
export interface PresentedCertificate {
	readonly subject: string;
	readonly alternativeNames: string;
	readonly serialNumber: string;
	readonly validTo: string;
	/** Why it is not to be trusted, by its name in OpenSSL; '' where it is. */
	readonly problem: string;
}
