import type { Listening } from '../connections/listener-gaps.ts';
/** What the core asks of whoever runs Envoy, and of Envoy itself. */

/** Envoy as the settings want it; all of it that makes a difference is in the hash by which it is found again. */
export interface ProxySpec {
	/** Its container's; '' where it is a process. */
	readonly image: string;
	readonly pull: 'missing' | 'always' | 'never';
	/** The program: a name or path on this host, or in the image; '' for what the image itself starts. */
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly uid: number;
	readonly gid: number;
	/** Files of this host that it reads, at the same paths, and their text as it is now. */
	readonly files: Readonly<Record<string, string>>;
	/** 0: no limit. */
	readonly memoryMegabytes: number;
	readonly openFiles: number;
	/** More of this host that it finds at the same paths, read-only. */
	readonly mounts: readonly string[];
	/** '' for Docker's own default. */
	readonly logDriver: string;
	/** For that driver, by name. */
	readonly logOptions: Readonly<Record<string, string>>;
	/** Where on 127.0.0.1 everybody may read what its admin interface says; 0: nowhere. */
	readonly adminPort: number;
}

/** Who it is among Envoys of the same specification. */
export interface ProxyIdentity {
	/** Ours alone: what this Envoy says of itself. */
	readonly instance: string;
	readonly hash: string;
	readonly admin: AdminAddress;
}

/** Of one that is started now. */
export interface NewProxyIdentity extends ProxyIdentity {
	readonly admin: { readonly socketPath: string };
}

/** A socket of its own; for an Envoy that a daemon of a former version has left, the port on 127.0.0.1. */
export type AdminAddress = { readonly socketPath: string } | { readonly port: number };

/** Envoy as turnout runs it: processes or containers. */
export interface ProxyRuntime {
	/** Makes sure that what is to be started is there, by pulling it if need be; resolves to what it is exactly. */
	prepare(spec: ProxySpec, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<string>;
	/** Resolves once it runs (not yet LIVE); rejects if it cannot. */
	start(spec: ProxySpec, identity: NewProxyIdentity, onOutput: OnOutput, signal: AbortSignal): Promise<RunningProxy>;
	/** Those that nobody looks after: a former daemon left them running. What else it left is taken away. */
	adopt(onOutput: OnOutput, signal: AbortSignal): Promise<readonly RunningProxy[]>;
	/** Why it cannot be asked at the moment; '' where it can. */
	problem(): string;
	/** Looks no longer after what runs. `isOver`: nothing is to be started again, so nothing is kept for it. */
	close(isOver: boolean): Promise<void>;
}

export type OnOutput = (line: string) => void;

/** A pull on its way, all layers together, in bytes. */
export interface PullProgress {
	readonly image: string;
	readonly layers: readonly LayerProgress[];
}
export interface LayerProgress {
	readonly id: string;
	/** In Docker's words: Downloading, Extracting, Pull complete, Already exists. */
	readonly status: string;
	readonly current: number;
	/** 0 while it is not known. */
	readonly total: number;
}

export interface RunningProxy extends ProxyIdentity {
	/** Shown in status: a process's id, a container's id. */
	readonly id: string;
	/** The container's; '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly startedAt: string;
	/** How it ended, once it has. */
	readonly exited: Promise<Exit>;
	/** SIGTERM, and SIGKILL if that is not enough within `graceMs`. Nothing of it is left then. */
	stop(graceMs: number): Promise<Exit>;
	/** It is LIVE: from now on it is the one that goes by the name of ours, and what it is made from is kept for the next. */
	promote(): Promise<void>;
}

export interface Exit {
	readonly code: number | undefined;
	readonly signal: string | undefined;
	/** The kernel ended it for want of memory. */
	readonly isOutOfMemory?: boolean;
	/** Somebody has taken it away. */
	readonly isRemoved?: boolean;
	/** Somebody has started it again behind our back, and it was ended. */
	readonly isRestarted?: boolean;
}

/** What a registry wants to hear, in the words of Docker's API (X-Registry-Auth). */
export type Credentials =
	| { readonly username: string; readonly password: string; readonly serveraddress: string }
	| { readonly identitytoken: string; readonly serveraddress: string };

export interface Logins {
	/** For the registry of an image; undefined where there is none. `isRefused`: the one given last was not taken. */
	authFor(image: string, isRefused: boolean, signal: AbortSignal): Promise<Credentials | undefined>;
}

/** The admin interface of one Envoy. */
export interface ProxyAdmin {
	/** `state` is LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING; undefined while it does not answer. */
	info(signal: AbortSignal): Promise<{ readonly state: string; readonly version: string } | undefined>;
	/** Where it listens; undefined while it does not answer. */
	listeners(signal: AbortSignal): Promise<readonly Listening[] | undefined>;
	/**
	 * Ports of listeners of its bootstrap to which all connections are lost: they go on to where they were going, and no
	 * listener filter tells where. None where it does not say.
	 */
	blind(signal: AbortSignal): Promise<readonly number[]>;
	/** How many connections its listeners hold; undefined while it does not answer. */
	connections(signal: AbortSignal): Promise<number | undefined>;
	/** Resolves when a connection that is kept open to it is closed, as it is when Envoy ends; at once where it has none. */
	closed(signal: AbortSignal): Promise<void>;
	/** Takes no more connections; `graceful`: goes on taking them while it asks its clients to come back elsewhere. */
	drain(how: 'graceful' | 'at-once', signal: AbortSignal): Promise<void>;
}

/** Of the files that an Envoy reads, those that are ours to write. */
export interface ProxyFiles {
	/** Before an Envoy is started with them. */
	write(files: ProxySpec['files']): void;
	/** Once Envoy is LIVE with these: it has read them, and whoever starts another writes that one's. */
	keepOnly(files: ProxySpec['files']): void;
}

/** Two Envoys share their ports, and one of them is to let go of them without losing a connection. */
export interface ListenerHandover {
	/** `tell` tells the former to close its listeners; resolves once they are closed, or time is up. */
	closeFormer(tell: () => Promise<void>, deadline: AbortSignal): Promise<void>;
	/** Once the former has ended. */
	end(): void;
}
