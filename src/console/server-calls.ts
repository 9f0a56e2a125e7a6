import { isRecord } from '../mesh/check-shape.ts';
import {
	CSRF_HEADER,
	type HistoryReply,
	type ResourcesReply,
	type SessionReply,
	type ShownTag,
	type StateReply,
} from '../mesh/console-protocol.ts';
import type { ResourceKey } from '../mesh/resource.ts';
import { collectionPath, resourcePath } from '../mesh/resource-path.ts';
import { API } from '../mesh/schema/collections.ts';
import { nameKey } from '../mesh/schema/kinds.ts';

/** What `turnout control` has answered, or that it has not. */
export class CallFailure extends Error {
	/** 0: there was no answer. */
	readonly status: number;
	readonly type: string;
	constructor(status: number, type: string, message: string) {
		super(message);
		this.status = status;
		this.type = type;
	}
}

/** A change by the API. `ifRevision`: the one that it is made of; if another is there by now, nothing is changed. */
export type Change =
	| { readonly verb: 'create'; readonly key: ResourceKey; readonly spec: unknown; readonly tags: readonly ShownTag[] }
	| { readonly verb: 'update'; readonly key: ResourceKey; readonly spec: unknown; readonly ifRevision: string }
	| { readonly verb: 'delete'; readonly key: ResourceKey; readonly ifRevision: string }
	| { readonly verb: 'tag'; readonly arn: string; readonly tags: readonly ShownTag[] }
	| { readonly verb: 'untag'; readonly arn: string; readonly tagKeys: readonly string[] };

export interface ServerCalls {
	readonly session: () => Promise<SessionReply>;
	readonly signIn: (accessKeyId: string, secretAccessKey: string) => Promise<SessionReply>;
	readonly signOut: () => Promise<SessionReply>;
	readonly resources: (mesh: string | undefined) => Promise<ResourcesReply>;
	/** Asked by no person. */
	readonly state: () => Promise<StateReply>;
	readonly history: (limit: number) => Promise<HistoryReply>;
	readonly change: (change: Change) => Promise<void>;
}

export function createServerCalls(fetched: typeof fetch): ServerCalls {
	let csrfToken = '';
	const call = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
		const headers = { 'content-type': 'application/json', [CSRF_HEADER]: csrfToken, ...init.headers };
		const reply = await fetched(path, { ...init, headers }).catch(() => undefined);
		if (reply === undefined) throw new CallFailure(0, 'NoAnswer', 'turnout control does not answer; is it running?');
		const value: unknown = await reply.json().catch(() => ({}));
		if (reply.ok) return value as T;
		const { __type, message } = isRecord(value) ? value : {};
		throw new CallFailure(reply.status, String(__type ?? ''), String(message ?? `it answers with ${reply.status}`));
	};
	const session = async (init?: RequestInit): Promise<SessionReply> => {
		const reply = await call<SessionReply>('session', init);
		csrfToken = reply.csrfToken ?? '';
		return reply;
	};
	const perform = (request: ApiRequest): Promise<unknown> => call(...sentAs(request));
	return {
		session: () => session(),
		signIn: (accessKeyId, secretAccessKey) =>
			session({ method: 'POST', body: JSON.stringify({ accessKeyId, secretAccessKey }) }),
		signOut: () => session({ method: 'DELETE' }),
		resources: (mesh) => call(`resources${mesh === undefined ? '' : `?${new URLSearchParams({ meshName: mesh })}`}`),
		state: () => call('state?idle'),
		history: (limit) => call(`history?limit=${limit}`),
		change: async (change) => {
			const request = requestOf(change);
			const former = csrfToken;
			try {
				await perform(request);
			} catch (error) {
				if (!(error instanceof CallFailure && error.status === 403)) throw error;
				await session();
				// It was started again, and knows no token of before.
				if (csrfToken === former) throw error;
				await perform(request);
			}
		},
	};
}

interface ApiRequest {
	readonly method: 'PUT' | 'DELETE';
	readonly target: string;
	readonly body?: object;
	readonly ifRevision?: string;
}

/** The target goes into the query: of a path browsers take names such as `..` away. */
function sentAs({ method, target, body, ifRevision }: ApiRequest): readonly [path: string, init: RequestInit] {
	const headers: Record<string, string> = ifRevision === undefined ? {} : { 'if-match': `"${ifRevision}"` };
	const text = body === undefined ? {} : { body: JSON.stringify(body) };
	return [`api?${new URLSearchParams({ target })}`, { method, headers, ...text }];
}

export function requestOf(change: Change): ApiRequest {
	switch (change.verb) {
		case 'create': {
			const { key, spec, tags } = change;
			const clientToken = crypto.randomUUID();
			const body = { [nameKey(key.kind)]: key.name, spec, tags, clientToken };
			return { method: 'PUT', target: collectionPath(key), body };
		}
		case 'update':
			return {
				method: 'PUT',
				target: resourcePath(change.key),
				body: { spec: change.spec },
				ifRevision: change.ifRevision,
			};
		case 'delete':
			return { method: 'DELETE', target: resourcePath(change.key), ifRevision: change.ifRevision };
		case 'tag':
			return { method: 'PUT', target: tagTarget('tag', change.arn), body: { tags: change.tags } };
		case 'untag':
			return { method: 'PUT', target: tagTarget('untag', change.arn), body: { tagKeys: change.tagKeys } };
	}
}

const tagTarget = (verb: 'tag' | 'untag', arn: string): string =>
	`${API}/${verb}?${new URLSearchParams({ resourceArn: arn })}`;
