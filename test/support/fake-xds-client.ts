// An Envoy without Envoy: subscribes, applies and acknowledges as Envoy does, and notes what refers to nothing.
import type { Codec, DiscoveryRequest, DiscoveryResponse } from '../../src/xds/encoded.ts';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/xds/snapshot.ts';

const text = new TextDecoder();
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const parse = <T>(bytes: Uint8Array): T => JSON.parse(text.decode(bytes)) as T;

/** Messages as JSON. */
export const jsonCodec: Codec = {
	encodeResource: bytesOf,
	encodeResponse: ({ resources, ...rest }) => bytesOf({ ...rest, resources: resources.map((one) => parse(one)) }),
	decodeRequest: (bytes) => parse<DiscoveryRequest>(bytes),
};

interface Named {
	readonly name: string;
}

type Response = Omit<DiscoveryResponse, 'resources'> & { readonly resources: readonly Named[] };

export interface FakeXdsClient {
	readonly receive: (bytes: Uint8Array) => void;
	/** Sends its first requests; `versions`: what it has from an earlier connection. */
	readonly connect: (versions?: Readonly<Partial<Record<ResourceKind, string>>>) => void;
	readonly names: (kind: ResourceKind) => string[];
	readonly resources: (kind: ResourceKind) => readonly unknown[];
	readonly versions: Partial<Record<ResourceKind, string>>;
	/** `cds 3`: kind and number of resources of each response. */
	readonly responses: string[];
	/** Clusters that something referred to while they were not there. */
	readonly missing: Set<string>;
	/** A reason rejects the response. */
	judge: (kind: ResourceKind, names: readonly string[], version: string) => string | undefined;
}

export function createFakeXdsClient(
	send: (bytes: Uint8Array) => void,
	nodeId = 'mesh/simpleapp/virtualNode/serviceA',
): FakeXdsClient {
	const held: Record<ResourceKind, Map<string, unknown>> = {
		...{ cds: new Map(), eds: new Map(), lds: new Map(), rds: new Map() },
	};
	const asked: Partial<Record<ResourceKind, string>> = {};
	const request = (kind: ResourceKind, part: Partial<DiscoveryRequest>) => {
		const resourceNames = kind === 'rds' ? referredBy('lds', 'routeConfigName') : [];
		asked[kind] = String(resourceNames);
		const versionInfo = client.versions[kind] ?? '';
		send(bytesOf({ typeUrl: typeUrls[kind], versionInfo, responseNonce: '', resourceNames, ...part }));
	};
	const referredBy = (kind: ResourceKind, key: string): string[] => {
		const found = JSON.stringify([...held[kind].values()]).matchAll(new RegExp(`"${key}":"([^"]*)"`, 'g'));
		return [...new Set([...found].map(([, name = '']) => name))].sort();
	};
	const unneeded = () => [...held.rds.keys()].filter((name) => !referredBy('lds', 'routeConfigName').includes(name));
	const dangling = () =>
		[...referredBy('lds', 'cluster'), ...referredBy('rds', 'cluster')].filter((name) => !held.cds.has(name));
	const apply = (kind: ResourceKind, resources: readonly Named[]) => {
		// Of routes only what was asked for comes; the others stay as long as a listener needs them.
		if (kind !== 'rds') held[kind].clear();
		for (const resource of resources) held[kind].set(resource.name, resource);
		for (const name of unneeded()) held.rds.delete(name);
		for (const name of dangling()) client.missing.add(name);
	};
	const client: FakeXdsClient = {
		...{ versions: {}, responses: [], missing: new Set(), judge: () => undefined },
		names: (kind) => [...held[kind].keys()].sort(),
		resources: (kind) => [...held[kind].values()],
		connect(versions = {}) {
			Object.assign(client.versions, versions);
			request('cds', { nodeId });
			request('lds', {});
			// One that connects again.
			if (held.lds.size > 0) request('rds', {});
		},
		receive(bytes) {
			const { typeUrl, nonce, versionInfo, resources } = parse<Response>(bytes);
			const kind = resourceKinds.find((each) => typeUrls[each] === typeUrl) ?? 'cds';
			client.responses.push(`${kind} ${resources.length}`);
			const names = resources.map(({ name }) => name);
			const error = client.judge(kind, names, versionInfo);
			if (error !== undefined) {
				request(kind, { responseNonce: nonce, error });
				return;
			}
			apply(kind, resources);
			client.versions[kind] = versionInfo;
			request(kind, { responseNonce: nonce });
			if (kind === 'lds' && asked.rds !== String(referredBy('lds', 'routeConfigName'))) request('rds', {});
		},
	};
	return client;
}
