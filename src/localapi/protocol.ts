import type { LogEvent } from '../log.ts';
import type { Status } from '../status/types.ts';

/** What the socket understands and carries; also what `--json` prints. All times are RFC 3339 in UTC. */

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
	readonly notices: readonly string[];
}

/** Connections that people are logged in over, each as SSH_CONNECTION has it (sshd(8)): their address and port, and ours. */
export interface Sessions {
	/** Of whoever asks. */
	readonly session?: string;
	/** Of others, and more of whoever asks. */
	readonly sessions?: readonly string[];
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
	/** Connections still open through Envoy when the drain time was over; left away where nobody waited. */
	readonly open?: number;
}

export interface UpdateReply {
	/** False: it was as wanted already. */
	readonly changed: boolean;
	readonly status: Status;
}

/** Every method: its verb and path, what it takes and what it replies. Server, client and commands are typed by it. */
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
	reload: { request: { readonly confirmSeconds?: number } & Sessions; reply: ReloadReply };
	update: { request: { readonly image?: string }; reply: UpdateReply };
	diff: { request: Record<string, never>; reply: DiffReply };
	config: { request: Record<string, never>; reply: ConfigReply };
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
};

/** What is kept and followed: Envoy's output as text, what happened as one JSON object a line. */
export interface Streams {
	logs: string;
	events: LogEvent;
}
export type Stream = keyof Streams;
export const streams: { readonly [S in Stream]: string } = { logs: '/v1/logs', events: '/v1/events' };

/** Where Prometheus looks, in its own format. */
export const METRICS_PATH = '/metrics';

export type Handlers = {
	readonly [M in Method]: (request: Methods[M]['request'], signal: AbortSignal) => Promise<Methods[M]['reply']>;
};
export type Client = {
	readonly [M in Method]: (request: Methods[M]['request']) => Promise<Methods[M]['reply']>;
} & {
	/** Calls back for every line, those kept first; resolves when the stream ends. */
	readonly follow: (stream: Stream, options: FollowOptions, onLine: (line: string) => void) => Promise<void>;
};

export interface FollowOptions {
	readonly follow: boolean;
	/** How many of the kept lines come first; all where it is left away. */
	readonly tail?: number;
	/** Only kept lines from then on: `10m`, or an RFC 3339 time. */
	readonly since?: string;
	readonly signal?: AbortSignal;
}

export interface ErrorReply {
	readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}
