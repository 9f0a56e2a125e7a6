import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import type { EcrRegistry } from '../../values/image-reference.ts';
import { type EcrToken, silentEcr, subject } from './token.ts';

/** Short enough for three attempts before the daemon gives up on this process. */
const CONNECT_MS = 2_000;
const ANSWER_MS = 4_000;

/**
 * `GetAuthorizationToken` with the credentials that AWS's client finds: variables, files, container endpoints, the
 * instance's role. Only for a process that ends soon: see `askEcr`.
 */
export async function requestEcrToken(registry: EcrRegistry, signal: AbortSignal): Promise<EcrToken> {
	const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
	const client = new ECRClient({
		region: registry.region,
		useFipsEndpoint: registry.fips,
		requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
	});
	try {
		const command = new GetAuthorizationTokenCommand({ registryIds: [registry.account] });
		const { authorizationData = [] } = await client.send(command, { abortSignal: signal });
		const [{ authorizationToken, expiresAt } = {}] = authorizationData;
		if (!authorizationToken) throw new TypeError('There is no token in it');
		return { token: authorizationToken, endsAt: expiresAt?.getTime() ?? 0 };
	} catch (cause) {
		signal.throwIfAborted();
		throw ecrFailure(cause, registry);
	} finally {
		client.destroy();
	}
}

/** Never quotes AWS's message, which may hold the signed request with its session token. */
function ecrFailure(cause: unknown, registry: EcrRegistry): Failure {
	const { name = '', code = '', message = '', $metadata } = cause as AwsError;
	if (/^(ENOTFOUND|EAI_\w+)$/.test(code)) return unknownName(registry, cause);
	if (/^E[A-Z]+$/.test(code) || name === 'TimeoutError') return silentEcr(registry, `(${code || name})`);
	if (name === 'EndpointError') return noEndpoint(registry);
	if (/CredentialsProvider|TokenProvider|ProviderError/.test(name)) return noCredentials(registry);
	if (/Client|Signature|Expired|Token/.test(name)) return notTaken(registry, name);
	if (/AccessDenied/.test(name) || $metadata?.httpStatusCode === 403) return denied(registry, message);
	return new Failure(
		'registry',
		`${subject(registry)}: AWS's answer is not a login (${quote(code || name)})`,
		'Try again later; see that nothing between this host and AWS answers in its place',
	);
}

type AwsError = Partial<NodeJS.ErrnoException> & { readonly $metadata?: { readonly httpStatusCode?: number } };

const noEndpoint = (registry: EcrRegistry): Failure =>
	new Failure(
		'registry',
		`${subject(registry)}: AWS's client has no endpoint for it`,
		'See that the image names a region that exists; AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECR do not go with FIPS',
	);

const noCredentials = (registry: EcrRegistry): Failure =>
	new Failure(
		'registry',
		`${subject(registry)}: this host has no AWS credentials`,
		'Give the instance a role that allows ecr:GetAuthorizationToken (the policy AmazonEC2ContainerRegistryReadOnly does), or the daemon AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see that 169.254.169.254 answers it',
	);

const denied = (registry: EcrRegistry, message: string): Failure => {
	const [who = 'these credentials'] = /\barn:[\w:/+=,.@-]+/.exec(message) ?? [];
	return new Failure(
		'registry',
		`${subject(registry)}: AWS denies it to ${who}`,
		'Allow it ecr:GetAuthorizationToken on resource *; the policy AmazonEC2ContainerRegistryReadOnly does',
	);
};

const notTaken = (registry: EcrRegistry, name: string): Failure =>
	new Failure(
		'registry',
		`${subject(registry)}: AWS does not take this host's credentials (${name})`,
		"See that they are valid in this region's partition, are not outdated, and that the host's clock is right",
	);

const unknownName = (registry: EcrRegistry, cause: unknown): Failure => {
	const { hostname = 'of its API' } = cause as { readonly hostname?: string };
	return new Failure(
		'registry',
		`${subject(registry)}: the name ${hostname} is not found`,
		"See that the image names a region that exists, and that this host's name server answers",
	);
};
