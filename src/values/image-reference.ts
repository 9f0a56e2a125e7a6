import { quote } from '../lib/escape.ts';

/** An image reference, parsed as Docker does (grammar: github.com/distribution/reference). Only `parseImage` makes one. */
export interface ImageName {
	/** Host, with its port if given; `docker.io` for Docker Hub. */
	readonly registry: string;
	readonly repository: string;
	/** '' if there is only a digest. */
	readonly tag: string;
	/** `sha256:…`, or ''. */
	readonly digest: string;
}

/** A private registry of Amazon ECR, parsed from its host name. */
export interface EcrRegistry {
	readonly account: string;
	readonly region: string;
	readonly fips: boolean;
}

export const IMAGE_ALLOWED =
	'an image reference such as envoyproxy/envoy:v1.30.0, with a registry host in front if needed';

const DOCKER_HUB = 'docker.io';
/** NameTotalLengthMax of distribution/reference, applied to the repository alone as its later releases do. */
const LONGEST_REPOSITORY = 255;

export function parseImage(text: string): ImageName {
	const refuse = (why: string): Error => new Error(`${quote(text)} is not a valid image reference: ${why}`);
	if (text === '') throw refuse('it is empty');
	const [scheme] = /^https?:\/\//.exec(text) ?? [];
	if (scheme !== undefined) throw refuse(`it is a URL; remove ${scheme}`);
	const { name, tag, digest } = partsOf(text);
	const { registry, repository } = splitRegistry(name);
	const why = wrongRegistry(registry) ?? wrongRepository(repository, registry) ?? wrongTag(tag) ?? wrongDigest(digest);
	if (why !== undefined) throw refuse(why);
	const standard = digest === undefined ? 'latest' : '';
	return { registry, repository, tag: tag ?? standard, digest: digest ?? '' };
}

interface Parts {
	readonly name: string;
	readonly tag: string | undefined;
	readonly digest: string | undefined;
}

/** A colon before the last slash belongs to the registry's port. */
function partsOf(text: string): Parts {
	const at = text.indexOf('@');
	const [before, digest] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
	const colon = before.indexOf(':', before.lastIndexOf('/') + 1);
	return colon < 0
		? { name: before, tag: undefined, digest }
		: { name: before.slice(0, colon), tag: before.slice(colon + 1), digest };
}

/** The first component is a host only if it is `localhost` or has a dot, a colon or a capital letter. */
function splitRegistry(name: string): { readonly registry: string; readonly repository: string } {
	const slash = name.indexOf('/');
	const first = name.slice(0, Math.max(0, slash));
	const isHost = first === 'localhost' || /[.:A-Z]/.test(first) || slash === 0;
	const registry = isHost && first !== `index.${DOCKER_HUB}` ? first : DOCKER_HUB;
	const repository = isHost ? name.slice(slash + 1) : name;
	const isOfficial = registry === DOCKER_HUB && repository !== '' && !repository.includes('/');
	return { registry, repository: isOfficial ? `library/${repository}` : repository };
}

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const host = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::(\\d{1,5}))?$`);

function wrongRegistry(registry: string): string | undefined {
	const [whole, port] = host.exec(registry) ?? [];
	if (whole === undefined || whole.length > 255) return `${quote(registry)} is not a valid registry host`;
	if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return `${port} is not a port`;
	return undefined;
}

const part = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

function wrongRepository(repository: string, registry: string): string | undefined {
	if (repository === '') return 'it has no repository';
	if (repository.length > LONGEST_REPOSITORY) return `its repository has more than ${LONGEST_REPOSITORY} characters`;
	const wrong = repository.split('/').find((one) => !part.test(one));
	if (wrong === '') return 'a component between two slashes is empty';
	if (wrong !== undefined && part.test(wrong.toLowerCase())) return `${quote(wrong)} has capital letters`;
	if (wrong !== undefined) return `${quote(wrong)} is not a valid repository component`;
	// Docker reads it as an image id.
	return registry === DOCKER_HUB && /^library\/[a-f0-9]{64}$/.test(repository) ? 'it is an image id' : undefined;
}

function wrongTag(tag: string | undefined): string | undefined {
	if (tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)) return undefined;
	return tag === '' ? 'its tag is empty' : `${quote(tag)} is not a valid tag`;
}

/** Docker's registry API accepts these two algorithms (opencontainers/go-digest). */
function wrongDigest(digest: string | undefined): string | undefined {
	if (digest === undefined || /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/.test(digest)) return undefined;
	return `${quote(digest)} is not a valid digest`;
}

const region = String.raw`(?<region>[a-z]{2,5}(?:-[a-z]{1,16}){1,3}-\d{1,2})`;

/**
 * Amazon's suffixes for private registries, of each partition and of dual-stack endpoints, as in
 * amazon-ecr-credential-helper. Only Amazon can own such names, so credentials go to nobody else.
 */
const ecrHosts = [
	String.raw`dkr\.ecr(?<fips>-fips)?\.${region}\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)`,
	String.raw`dkr-ecr(?<fips>-fips)?\.${region}\.on\.(?:aws|amazonwebservices\.(?:com\.cn|eu))`,
];
const ecr = new RegExp(String.raw`^(?<account>\d{12})\.(?:${ecrHosts.join('|')})$`);

/** Undefined for `public.ecr.aws`, which needs no login. */
export function ecrOf(registry: string): EcrRegistry | undefined {
	const { account, region, fips } = ecr.exec(registry.toLowerCase())?.groups ?? {};
	if (account === undefined || region === undefined) return undefined;
	return { account, region, fips: fips !== undefined };
}
