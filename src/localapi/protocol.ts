import type { LogEvent } from '../lib/log-event.ts';
import type { Status } from '../status/types.ts';
import type { ExplainReply, ExplainRequest } from './explained.ts';

/** Requests and replies of the socket; `--json` prints the replies. All times are RFC 3339 in UTC. */

export interface DiffReply {
	readonly same: boolean;
	readonly differences: readonly {
		readonly family: string;
		readonly kind: 'missing' | 'surplus' | 'misplaced';
		readonly table: string;
		readonly line: string;
	}[];
}

export interface ConfigReply {
	readonly settings: readonly { readonly key: string; readonly value: string; readonly origin: string }[];
	/** What each preset adds, and to which setting. */
	readonly presets: readonly { readonly preset: string; readonly key: string; readonly value: string }[];
	readonly notices: readonly string[];
}

/** SSH logins in the form of SSH_CONNECTION (sshd(8)): address and port of the client, then ours. */
export interface Sessions {
	/** The caller's own. */
	readonly session?: string;
	/** All that are known. */
	readonly sessions?: readonly string[];
}

export interface ReloadRequest extends Sessions {
	readonly confirmSeconds?: number;
	/** Where the setting is `auto`: this one from now on; `auto`: chosen anew. */
	readonly backend?: string;
}

export interface ReloadReply {
	readonly changed: readonly string[];
	readonly notices: readonly string[];
	/** As in the reply to `enable`. */
	readonly warning?: string;
	readonly status: Status;
}

export interface DisableReply {
	readonly status: Status;
	/** Connections through Envoy still open at the end of the drain time; absent without a drain. */
	readonly open?: number;
}

export interface UpdateReply {
	/** False: Envoy was already up to date. */
	readonly changed: boolean;
	readonly status: Status;
}

/** Request and reply of every method; server, client and commands are typed by it. */
export interface Methods {
	status: { request: Record<string, never>; reply: Status };
	raw: { request: Record<string, never>; reply: { readonly text: string } };
	enable: {
		request: { readonly confirmSeconds?: number; readonly cutExisting?: boolean } & Sessions;
		reply: Status;
	};
	confirm: { request: Record<string, never>; reply: Status };
	revert: { request: Record<string, never>; reply: Status };
	disable: { request: { readonly drainSeconds?: number }; reply: DisableReply };
	reload: { request: ReloadRequest; reply: ReloadReply };
	update: { request: { readonly image?: string }; reply: UpdateReply };
	diff: { request: Record<string, never>; reply: DiffReply };
	config: { request: Record<string, never>; reply: ConfigReply };
	/** Changes nothing; a POST, as a question has a body. */
	explain: { request: ExplainRequest; reply: ExplainReply };
}
export type Method = keyof Methods;

export const paths: { readonly [M in Method]: { readonly verb: 'GET' | 'POST'; readonly path: string } } = {
	status: { verb: 'GET', path: '/v1/status' },
	raw: { verb: 'GET', path: '/v1/raw' },
	enable: { verb: 'POST', path: '/v1/enable' },
	confirm: { verb: 'POST', path: '/v1/confirm' },
	revert: { verb: 'POST', path: '/v1/revert' },
	disable: { verb: 'POST', path: '/v1/disable' },
	reload: { verb: 'POST', path: '/v1/reload' },
	update: { verb: 'POST', path: '/v1/update' },
	diff: { verb: 'GET', path: '/v1/diff' },
	config: { verb: 'GET', path: '/v1/config' },
	explain: { verb: 'POST', path: '/v1/explain' },
};

/** Streams that are buffered and can be followed: Envoy's output as text, events as one JSON object per line. */
export interface Streams {
	logs: string;
	events: LogEvent;
}
export type Stream = keyof Streams;
export const streams: { readonly [S in Stream]: string } = { logs: '/v1/logs', events: '/v1/events' };

/** In Prometheus' text format. */
export const METRICS_PATH = '/metrics';

export type Handlers = {
	readonly [M in Method]: (request: Methods[M]['request'], signal: AbortSignal) => Promise<Methods[M]['reply']>;
};
export type Client = {
	readonly [M in Method]: (request: Methods[M]['request']) => Promise<Methods[M]['reply']>;
} & {
	/** Calls back for every line, buffered ones first; resolves when the stream ends. */
	readonly follow: (stream: Stream, options: FollowOptions, onLine: (line: string) => void) => Promise<void>;
};

export interface FollowOptions {
	readonly follow: boolean;
	/** Number of buffered lines; absent: all. */
	readonly tail?: number;
	/** Only buffered lines since then: `10m`, or an RFC 3339 time. */
	readonly since?: string;
	readonly signal?: AbortSignal;
}

export interface ErrorReply {
	readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}
