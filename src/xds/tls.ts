import { isIP } from 'node:net';
import type { ClientTls, Protocol, Target } from '../mesh/resolve-backends.ts';
import type { listenerTls } from '../mesh/schema/common.ts';
import type { Value } from '../mesh/schema/shape.ts';
import { extension, type JsonObject, overGrpc } from './snapshot.ts';

export type ListenerTls = Value<typeof listenerTls>;

/** The cluster that App Mesh's image made of `APPMESH_SDS_SOCKET_PATH`. */
export const SDS_CLUSTER = 'static_cluster_sds_unix_socket';

const TLS = 'extensions.transport_sockets.tls.v3.';
const socket = (type: string, context: JsonObject): JsonObject =>
	extension('envoy.transport_sockets.tls', TLS + type, context);

/** What a listener shows its clients, and asks of them. */
export function downstreamTls({ certificate, validation }: ListenerTls, protocol: Protocol): JsonObject {
	const commonTlsContext = { ...certificateOf(certificate), ...validationOf(validation), ...alpnOf(protocol, true) };
	return socket('DownstreamTlsContext', {
		...(validation === undefined ? {} : { requireClientCertificate: true }),
		commonTlsContext,
	});
}

/**
 * How a target is spoken to. Undefined: in plain text. Without a policy that is enforced, a client follows what the target's
 * listener asks for, and does not check its certificate.
 */
export function upstreamTls(policy: ClientTls | undefined, { node, listener }: Target): JsonObject | undefined {
	const { port, protocol } = listener.portMapping;
	const isMeant = policy?.ports === undefined || policy.ports.length === 0 || policy.ports.includes(port);
	const own = isMeant ? policy : undefined;
	const isEnforced = own !== undefined && own.enforce !== false;
	if (!isEnforced && (listener.tls?.mode ?? 'DISABLED') === 'DISABLED') return undefined;
	const name = node.spec.serviceDiscovery?.dns?.hostname.replace(/\.$/, '') ?? '';
	return socket('UpstreamTlsContext', {
		...(name === '' || isIP(name) > 0 ? {} : { sni: name }),
		commonTlsContext: {
			...certificateOf(own?.certificate),
			...validationOf(own?.validation),
			...alpnOf(protocol, false),
		},
	});
}

function certificateOf({ file, sds }: Partial<ListenerTls['certificate']> = {}): JsonObject {
	if (file !== undefined) {
		const { certificateChain, privateKey } = file;
		const pair = { certificateChain: { filename: certificateChain }, privateKey: { filename: privateKey } };
		return { tlsCertificates: [pair] };
	}
	return sds === undefined ? {} : { tlsCertificateSdsSecretConfigs: [secret(sds.secretName)] };
}

/** A listener's, or a client's. */
interface Validation {
	readonly trust: {
		readonly file?: { readonly certificateChain: string };
		readonly sds?: { readonly secretName: string };
	};
	readonly subjectAlternativeNames?: { readonly match: { readonly exact: readonly string[] } };
}

function validationOf(validation: Validation | undefined): JsonObject {
	if (validation === undefined) return {};
	const { trust, subjectAlternativeNames } = validation;
	const names = (subjectAlternativeNames?.match.exact ?? []).flatMap(matchersOf);
	const among = names.length === 0 ? {} : { matchTypedSubjectAltNames: names };
	if (trust.sds === undefined) {
		const trustedCa = { filename: trust.file?.certificateChain ?? '' };
		return { validationContext: { trustedCa, ...among } };
	}
	const fromSds = secret(trust.sds.secretName);
	if (names.length === 0) return { validationContextSdsSecretConfig: fromSds };
	return { combinedValidationContext: { defaultValidationContext: among, validationContextSdsSecretConfig: fromSds } };
}

/** A name of a host or, as SPIFFE's identities, a URI. */
const matchersOf = (exact: string): JsonObject[] =>
	exact.includes('://') ? [{ sanType: 'URI', matcher: { exact } }] : [{ sanType: 'DNS', matcher: { exact } }];

function alpnOf(protocol: Protocol, isServer: boolean): JsonObject {
	if (protocol === 'tcp') return {};
	if (protocol !== 'http') return { alpnProtocols: ['h2'] };
	return { alpnProtocols: isServer ? ['h2', 'http/1.1'] : ['http/1.1'] };
}

const secret = (name: string): JsonObject => ({
	name,
	sdsConfig: {
		apiConfigSource: overGrpc(SDS_CLUSTER),
		resourceApiVersion: 'V3',
		// Envoy's own 15 s would hold up the start, first for clusters and then for listeners, also of those without a secret.
		initialFetchTimeout: '2s',
	},
});
