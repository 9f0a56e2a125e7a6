// What the core needs of the runtime (processes or containers) and of Envoy's admin interface.
import type { Listening } from '../connections/listener-gaps.ts';

/** What is to run. Its hash (`fingerprint`) tells whether an instance that runs was started from it. */
export interface ProxySpec {
	/** '' for a process. */
	readonly image: string;
	readonly pull: 'missing' | 'always' | 'never';
	/** A name or path on this host or in the image; '' for the image's own entrypoint. */
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly uid: number;
	readonly gid: number;
	/** Text of the host's files that it reads, by path; they have the same paths in the container. */
	readonly files: Readonly<Record<string, string>>;
	/** 0: no limit. */
	readonly memoryMegabytes: number;
	readonly openFiles: number;
	/** Further paths of the host, mounted read-only at the same paths. */
	readonly mounts: readonly string[];
	/** '' for Docker's default. */
	readonly logDriver: string;
	/** Options of that driver, by name. */
	readonly logOptions: Readonly<Record<string, string>>;
	/** The port on 127.0.0.1 where any user may read from the admin interface; 0: none. */
	readonly adminPort: number;
	/** It has transparent sockets, and so gets CAP_NET_ADMIN. */
	readonly isTransparent?: boolean;
}

/** Distinguishes instances of one specification. */
export interface ProxyIdentity {
	/** Unique; its admin interface reports it as node metadata. */
	readonly instance: string;
	readonly hash: string;
	readonly admin: AdminAddress;
}

/** That of an instance which this version starts. */
export interface NewProxyIdentity extends ProxyIdentity {
	readonly admin: { readonly socketPath: string };
}

/** A unix socket; for an instance that an older version left running, a port on 127.0.0.1. */
export type AdminAddress = { readonly socketPath: string } | { readonly port: number };

/** Runs Envoy as processes or containers. */
export interface ProxyRuntime {
	/** Pulls the image where needed; resolves to the exact version of what would be started (an image id, a file's state). */
	prepare(spec: ProxySpec, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<string>;
	/** Resolves once it runs, before it is LIVE. */
	start(spec: ProxySpec, identity: NewProxyIdentity, onOutput: OnOutput, signal: AbortSignal): Promise<RunningProxy>;
	/** Instances that a former daemon left running. Its other leftovers are removed. */
	adopt(onOutput: OnOutput, signal: AbortSignal): Promise<readonly RunningProxy[]>;
	/** Why it cannot be reached at the moment; '' where it can. */
	problem(): string;
	/** Ends supervision. `isOver`: Envoy has ended for good, so nothing is kept for another start. */
	close(isOver: boolean): Promise<void>;
}

export type OnOutput = (line: string) => void;

/** A pull under way. */
export interface PullProgress {
	readonly image: string;
	readonly layers: readonly LayerProgress[];
}
export interface LayerProgress {
	readonly id: string;
	/** Docker's words: Downloading, Extracting, Pull complete, Already exists. */
	readonly status: string;
	/** In bytes. */
	readonly current: number;
	/** In bytes; 0 while unknown. */
	readonly total: number;
}

export interface RunningProxy extends ProxyIdentity {
	/** Shown in status: the id of the process or container. */
	readonly id: string;
	/** '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly startedAt: string;
	/** Resolves when it has ended. */
	readonly exited: Promise<Exit>;
	/** Sends SIGTERM, and SIGKILL after `graceMs` (0: at once); resolves when nothing of it is left. */
	stop(graceMs: number): Promise<Exit>;
	/** Gives it the configured name, and keeps what it was made from for the next start. */
	promote(): Promise<void>;
}

export interface Exit {
	readonly code: number | undefined;
	readonly signal: string | undefined;
	/** The kernel killed it for lack of memory. */
	readonly isOutOfMemory?: boolean;
	/** Somebody else removed it. */
	readonly isRemoved?: boolean;
	/** Somebody else restarted it, and we ended it. */
	readonly isRestarted?: boolean;
}

/** As Docker's API takes them (X-Registry-Auth). */
export type Credentials =
	| { readonly username: string; readonly password: string; readonly serveraddress: string }
	| { readonly identitytoken: string; readonly serveraddress: string };

export interface Logins {
	/** For the image's registry; undefined where there are none. `isRefused`: the registry rejected the last ones. */
	authFor(image: string, isRefused: boolean, signal: AbortSignal): Promise<Credentials | undefined>;
}

/** The admin interface of one Envoy. */
export interface ProxyAdmin {
	/** `state` is LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING; undefined while it does not answer. */
	info(signal: AbortSignal): Promise<{ readonly state: string; readonly version: string } | undefined>;
	/** Undefined while it does not answer. */
	listeners(signal: AbortSignal): Promise<readonly Listening[] | undefined>;
	/**
	 * Ports of listeners that lose every redirected connection: they forward to the original destination, and have no
	 * listener filter that restores it. Empty where it does not answer.
	 */
	blind(signal: AbortSignal): Promise<readonly number[]>;
	/** Open connections of its listeners; undefined while it does not answer. */
	connections(signal: AbortSignal): Promise<number | undefined>;
	/** Counters that are above 0 and whose names a regex matches; undefined while it does not answer. */
	counters(names: string, signal: AbortSignal): Promise<ReadonlyMap<string, number> | undefined>;
	/** Keeps a connection open; resolves when Envoy closes it, as it does when it ends, or at once if it cannot connect. */
	closed(signal: AbortSignal): Promise<void>;
	/** `at-once`: closes its listeners. `graceful`: keeps them, and asks its clients to reconnect elsewhere. */
	drain(how: 'graceful' | 'at-once', signal: AbortSignal): Promise<void>;
}

/** What Envoys that get their configuration from this daemon say of it. */
export interface Configuration {
	/** What keeps one from being configured; '' once each has accepted all of it. */
	readonly missing: () => string;
	/** Why it is rejected, in Envoy's words; '' where it is not. */
	readonly rejected: () => string;
}

/** The bootstrap files that turnout writes, among those that Envoy reads. */
export interface ProxyFiles {
	/** Call before an Envoy is started with these. */
	write(files: ProxySpec['files']): void;
	/** Removes all others. Call once an Envoy is LIVE with these. */
	keepOnly(files: ProxySpec['files']): void;
}

/** Two Envoys share their ports, and the former is to close its listeners without losing a connection. */
export interface ListenerHandover {
	/** `tell` asks the former to close its listeners; resolves once they are closed, or at the deadline. */
	closeFormer(tell: () => Promise<void>, deadline: AbortSignal): Promise<void>;
	/** Call once the former has ended. */
	end(): void;
}
