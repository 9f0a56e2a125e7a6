// Clients that change the same resources by several controls, and know what they were answered.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

type Reply = { readonly metadata?: { readonly version: number }; readonly message?: string };
export type Ask = (method: string, path: string, body?: object) => Promise<Reply>;

const nodePath = (name: string): string => `/meshes/m/virtualNodes/${name}`;
const arnOf = (name: string): string => `arn:aws:appmesh:local:000000000000:mesh/m/virtualNode/${name}`;

export interface Written {
	/** Of each resource: the versions that updates were answered with. */
	readonly versions: ReadonlyMap<string, readonly number[]>;
	/** Of each resource and client: the last value of its tag that was acknowledged. */
	readonly tags: ReadonlyMap<string, ReadonlyMap<string, number>>;
	/** Milliseconds of each change that was acknowledged, its tries together. */
	readonly times: readonly number[];
	/** The longest time in which nothing was acknowledged, in milliseconds. */
	readonly longestGapMs: number;
	/** Answers that were errors, by their texts. */
	readonly errors: ReadonlyMap<string, number>;
}

export interface Writing {
	readonly clients: number;
	readonly resources: readonly string[];
	readonly signal: AbortSignal;
}

/** Each tries again with the same clientToken until it is answered, by another control each time. */
export async function writeByApi(asks: readonly Ask[], { clients, resources, signal }: Writing): Promise<Written> {
	const versions = new Map(resources.map((name) => [name, [] as number[]]));
	const tags = new Map(resources.map((name) => [name, new Map<string, number>()]));
	const [times, errors] = [[] as number[], new Map<string, number>()];
	const acknowledged = [performance.now()];
	const carryOut = async (ask: () => Promise<Reply>): Promise<Reply> => {
		for (;;) {
			const reply = await ask().catch((error) => ({ message: String(error) }) as Reply);
			if (reply.message === undefined) return reply;
			const told = reply.message.replace(/\(.*|:.*/s, '');
			errors.set(told, (errors.get(told) ?? 0) + 1);
			await sleep(50);
		}
	};
	const write = async (client: number): Promise<void> => {
		for (let at = 0; !signal.aborted; at += 1) {
			const name = resources[Math.floor(Math.random() * resources.length)] ?? '';
			const clientToken = randomUUID();
			const ask: Ask = (...of) => (asks[Math.floor(Math.random() * asks.length)] as Ask)(...of);
			const startedMs = performance.now();
			if (Math.random() < 0.5) {
				const spec = { serviceDiscovery: { dns: { hostname: `c${client}-${at}.local` } } };
				const { metadata } = await carryOut(() => ask('PUT', nodePath(name), { spec, clientToken }));
				versions.get(name)?.push(metadata?.version ?? Number.NaN);
			} else {
				const body = { tags: [{ key: `c${client}`, value: String(at) }] };
				await carryOut(() => ask('PUT', `/tag?resourceArn=${encodeURIComponent(arnOf(name))}`, body));
				tags.get(name)?.set(`c${client}`, at);
			}
			times.push(performance.now() - startedMs);
			acknowledged.push(performance.now());
		}
	};
	await Promise.all(Array.from({ length: clients }, (_, client) => write(client)));
	const gaps = acknowledged.slice(1).map((ms, at) => ms - (acknowledged[at] ?? ms));
	return { versions, tags, times, errors, longestGapMs: Math.max(...gaps) };
}

/** Makes a mesh and nodes in it, which all have version 1. */
export async function createNodes(ask: Ask, resources: readonly string[]): Promise<void> {
	const made = [
		await ask('PUT', '/meshes', { meshName: 'm' }),
		...(await Promise.all(
			resources.map((virtualNodeName) => ask('PUT', '/meshes/m/virtualNodes', { virtualNodeName, spec: {} })),
		)),
	];
	for (const { message } of made) if (message !== undefined) throw new Error(message);
}

/** What is wrong with what is there by what was acknowledged; '' where nothing is. */
export async function wrongWith(ask: Ask, { versions, tags }: Written): Promise<string> {
	const wrong: string[] = [];
	for (const [name, told] of versions) {
		const inOrder = told.toSorted((a, b) => a - b);
		if (inOrder.some((version, at) => version !== at + 2)) wrong.push(`${name}: versions ${inOrder.join()}`);
		const { metadata } = await ask('GET', nodePath(name));
		if (metadata?.version !== told.length + 1)
			wrong.push(`${name}: version ${metadata?.version} of ${told.length + 1}`);
		wrong.push(...wrongTags(name, tags.get(name) ?? new Map(), await tagsOf(ask, name)));
	}
	return wrong.join('; ');
}

async function tagsOf(ask: Ask, name: string): Promise<ReadonlyMap<string, string>> {
	const reply = await ask('GET', `/tags?resourceArn=${encodeURIComponent(arnOf(name))}&limit=50`);
	const { tags = [] } = reply as { readonly tags?: readonly { readonly key: string; readonly value: string }[] };
	return new Map(tags.map(({ key, value }) => [key, value]));
}

const wrongTags = (name: string, told: ReadonlyMap<string, number>, found: ReadonlyMap<string, string>): string[] =>
	[...told].flatMap(([client, value]) =>
		found.get(client) === String(value) ? [] : [`${name}: the tag of ${client} is ${found.get(client)}, not ${value}`],
	);

const at = (sorted: readonly number[], share: number): string =>
	`${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0)} ms`;

/** In one line, for who reads the test's output. */
export function figuresOf({ times, longestGapMs, errors }: Written, seconds: number): string {
	const sorted = times.toSorted((a, b) => a - b);
	const refused = [...errors].map(([text, count]) => `${count} × ${text.trim()}`).join(', ') || 'none';
	return `${times.length} changes in ${seconds.toFixed(0)} s; each ${at(sorted, 0.5)} (median), ${at(sorted, 0.99)} (99th), ${at(sorted, 1)} (longest); longest without any ${longestGapMs.toFixed(0)} ms; errors on the way: ${refused}`;
}
