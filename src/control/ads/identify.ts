import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import { type MeshNode, nodeId } from '../../values/mesh-node.ts';
import type { AdsCaller, PresentedCertificate } from '../../xds/ads-caller.ts';
import { arnOf, type Owner } from '../arn.ts';
import type { Authorise } from '../authorise.ts';
import { nodesOfCertificate } from './certificate-names.ts';

/** An Envoy that may ask; of which node it is, it says with its first request. */
export interface KnownEnvoy {
	readonly address: string;
	/** Throws a Failure where it may not be this one. */
	readonly admit: (node: MeshNode) => void;
}

export interface IdentifyOptions {
	/** Certificates of clients are looked at. */
	readonly hasClientCa: boolean;
	/** Undefined: there are no keys. */
	readonly authorise: Authorise | undefined;
	readonly owner: Owner;
}

/**
 * By its certificate or, where there are keys, by its signature. Without either whoever reaches the loopback is taken at his word.
 * Rejects with a Failure where it is neither.
 */
export const identify =
	({ hasClientCa, authorise, owner }: IdentifyOptions) =>
	async ({ address, certificate, request }: AdsCaller): Promise<KnownEnvoy> => {
		if (hasClientCa && certificate !== undefined) return byCertificate(address, certificate);
		if (authorise !== undefined) {
			const found = await authorise({ ...request, isRead: true });
			if ('refused' in found) throw new Failure('permission', `from ${address}: ${found.refused}`, SIGN);
			return { address, admit: (node) => allow(found.denies(STREAM, arnOf(owner, { ...node, parent: '' }))) };
		}
		if (hasClientCa) throw new Failure('permission', `from ${address}: it has shown no certificate`, ISSUE);
		return { address, admit: () => undefined };
	};

const STREAM = 'appmesh:StreamAggregatedResources';
const SIGN = "Give it a key of turnout control's, or a certificate of the authority of --client-ca";
const ISSUE = 'Issue one by the authority of --client-ca, and name it and its key in its bootstrap';

function allow(denial: string | undefined): void {
	if (denial !== undefined) throw new Failure('permission', denial, 'Allow it in a policy of this key');
}

function byCertificate(address: string, certificate: PresentedCertificate): KnownEnvoy {
	const whose = `the certificate ${quote(certificate.subject)} (serial ${certificate.serialNumber}), from ${address},`;
	if (certificate.problem !== '') {
		const { why, remedy } = certificateProblem(certificate);
		throw new Failure('permission', `${whose} ${why}`, remedy);
	}
	const nodes = nodesOfCertificate(certificate.alternativeNames).map(nodeId);
	return {
		address,
		admit(node) {
			const id = nodeId(node);
			if (nodes.includes(id)) return;
			const names = nodes.length === 0 ? 'names no node' : `is of ${nodes.join(', ')}`;
			throw new Failure(
				'permission',
				`${whose} ${names}, and its Envoy says that it is ${quote(id)}`,
				`Issue one with the subject alternative name URI:spiffe://DOMAIN/${encodeURI(id)}, or set node.id in Envoy's bootstrap`,
			);
		},
	};
}

interface Wrong {
	readonly why: string;
	readonly remedy: string;
}

const FOREIGN: Wrong = {
	why: 'is not by an authority of --client-ca',
	remedy: 'Issue it by one of these; with an intermediate one in between, append that to the certificate',
};

/** X509_V_ERR_… (X509_STORE_CTX_get_error(3)), as Node calls them. */
const problems: Readonly<Record<string, Wrong | undefined>> = {
	CERT_NOT_YET_VALID: { why: 'is not valid yet', remedy: 'See the clocks of both hosts' },
	INVALID_PURPOSE: { why: 'is none for a client', remedy: 'Issue it with extendedKeyUsage=clientAuth, or without any' },
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: FOREIGN,
	UNABLE_TO_GET_ISSUER_CERT: FOREIGN,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FOREIGN,
	SELF_SIGNED_CERT_IN_CHAIN: FOREIGN,
	DEPTH_ZERO_SELF_SIGNED_CERT: FOREIGN,
	CERT_SIGNATURE_FAILURE: FOREIGN,
};

function certificateProblem({ problem, validTo }: PresentedCertificate): Wrong {
	const remedy = 'Renew it: an Envoy that watches its files takes the new one by itself';
	if (problem === 'CERT_HAS_EXPIRED') return { why: `has expired on ${validTo}, or its authority has`, remedy };
	return problems[problem] ?? { why: `is not valid: ${problem}`, remedy: 'Look at it: openssl x509 -text -in FILE' };
}
