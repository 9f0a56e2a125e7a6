import { isIP } from 'node:net';
import { ADS_CLUSTER, bootstrapByAds, keepAlive } from './ads-bootstrap.ts';
import type { Identity } from './bootstrap-base.ts';
import { http2 } from './http2.ts';
import { endpoints, extension, type JsonObject, overGrpc, typeOf } from './snapshot.ts';

/** Where another host serves ADS, and what an Envoy shows it. */
export interface RemoteAds {
	readonly host: string;
	readonly port: number;
	/** The folder on the Envoy's host in which the files of `secrets` are, each by its name. */
	readonly folder: string;
}

/** An Envoy that asks another host for everything, by mutual TLS, and reports its load there. */
export const remoteAdsBootstrap = (identity: Identity, ads: RemoteAds): JsonObject => ({
	...bootstrapByAds({ ...identity, initialFetchTimeout: '0s' }, adsServer(ads)),
	clusterManager: { loadStatsConfig: overGrpc(ADS_CLUSTER) },
});

const adsServer = ({ host, port, folder }: RemoteAds): JsonObject => ({
	...{ name: ADS_CLUSTER, connectTimeout: '5s', ...http2(keepAlive) },
	...(isIP(host) > 0 ? { type: 'STATIC' } : { type: 'STRICT_DNS', dnsLookupFamily: 'ALL' }),
	loadAssignment: endpoints(ADS_CLUSTER, host, port),
	transportSocket: extension('envoy.transport_sockets.tls', 'extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
		...(isIP(host) > 0 ? {} : { sni: host }),
		commonTlsContext: {
			// Envoy's clients stop at 1.2 unless told.
			tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
			alpnProtocols: ['h2'],
			tlsCertificateSdsSecretConfigs: [fromFile('certificate', folder)],
			validationContextSdsSecretConfig: fromFile('authority', folder),
		},
	}),
});

const fromFile = (name: SecretName, folder: string): JsonObject => ({
	...{ name, sdsConfig: { pathConfigSource: { path: `${folder}/${name}.json` }, resourceApiVersion: 'V3' } },
});

export type SecretName = 'certificate' | 'authority';

export interface SecretFiles {
	readonly certificate: string;
	readonly privateKey: string;
	/** Of the authority of the server. */
	readonly ca: string;
}

const folderOf = (path: string): string => path.replace(/\/[^/]*$/, '') || '/';

/**
 * What a file of a secret says (SDS), of which Envoy takes one from each: only of such a file does it watch the folder of what is named
 * there, and take what is moved into it. The server's certificate has to be of the name, or the address, that is connected to.
 */
export const secrets: Readonly<
	Record<SecretName, (files: SecretFiles, server: Pick<RemoteAds, 'host'>) => JsonObject>
> = {
	certificate: ({ certificate, privateKey }) => {
		const pair = { certificateChain: { filename: certificate }, privateKey: { filename: privateKey } };
		return secret('certificate', { tlsCertificate: { ...pair, watchedDirectory: { path: folderOf(certificate) } } });
	},
	authority: ({ ca }, { host }) => {
		const names = [{ sanType: isIP(host) > 0 ? 'IP_ADDRESS' : 'DNS', matcher: { exact: host } }];
		const trust = { trustedCa: { filename: ca }, watchedDirectory: { path: folderOf(ca) } };
		return secret('authority', { validationContext: { ...trust, matchTypedSubjectAltNames: names } });
	},
};

const secret = (name: SecretName, content: JsonObject): JsonObject => ({
	resources: [{ '@type': typeOf('extensions.transport_sockets.tls.v3.Secret'), name, ...content }],
});
