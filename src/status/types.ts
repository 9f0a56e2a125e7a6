export type Wanted = 'enabled' | 'disabled';

export type Is = 'enabled' | 'disabled' | 'waiting' | 'lifted' | 'degraded';

/** Health is a list of conditions, not a boolean: status, metrics and exit codes are derived from it. */
export type Subject =
	| 'rules'
	| 'routes'
	| 'repairs'
	| 'envoy'
	| 'docker'
	| 'admin'
	| 'ipv6'
	| 'state'
	| 'conntrack'
	| 'settings'
	| 'confirm'
	| 'ports'
	| 'syncookies'
	| 'order'
	| 'interceptors'
	| 'backend'
	| 'firewall'
	| 'denials'
	| 'tables'
	| 'tracking'
	| 'lists'
	| 'mesh';

export type Condition =
	| { readonly subject: Subject; readonly ok: true; readonly since: string }
	| {
			readonly subject: Subject;
			readonly ok: false;
			readonly since: string;
			readonly why: string;
			readonly remedy: string;
	  };

export interface EnvoyStatus {
	readonly runtime: 'none' | 'process' | 'docker';
	/** `unmanaged`: another program runs it. */
	readonly state: 'absent' | 'pulling' | 'starting' | 'live' | 'silent' | 'draining' | 'failed' | 'unmanaged';
	readonly version?: string;
	readonly id?: string;
	/** With the docker runtime. */
	readonly container?: string;
	readonly image?: string;
	/** Start time. */
	readonly since?: string;
	readonly restarts: number;
	/** How the last instance ended, if one has. */
	readonly lastExit?: string;
	/** The TCP ports that it listens on, while it is LIVE. */
	readonly listeners?: readonly number[];
	/** After a failure: back-off until the next start, in milliseconds. */
	readonly retryMs?: number;
	/** Present while the image is pulled. */
	readonly pull?: PullStatus;
}

/** Progress of a pull by layer, in bytes; `status` is Docker's text, `total` is 0 while unknown. */
export interface PullStatus {
	readonly image: string;
	readonly layers: readonly {
		readonly id: string;
		readonly status: string;
		readonly current: number;
		readonly total: number;
	}[];
}

/** Repairs of changes by other programs since the daemon started. */
export interface Repairs {
	readonly count: number;
	readonly last?: {
		readonly at: string;
		/** The drift, as a line of `turnout diff`. */
		readonly what: string;
		/** The program that caused it, if the kernel reports it. */
		readonly by?: string;
		/** Milliseconds from the change event to the read-back. */
		readonly ms: number;
	};
}

/** Another program, known by name, that has rules on this host. */
export interface OtherProgram {
	readonly name: string;
	readonly does: string;
	/** `iptables-nft`, `iptables-legacy`, `nft`: where its rules are. */
	readonly tools: readonly string[];
}

/** Present where Envoy is configured from a mesh. */
export interface MeshStatus {
	/** `mesh/MESH/virtualNode/NAME`. */
	readonly node: string;
	/** Of the routes that the definitions give; it changes with them. */
	readonly version: string;
	/** Envoys that ask for their configuration, and how many of these have accepted all of it. */
	readonly connected: number;
	readonly settled: number;
	/** False: etcd is away, so that what is said of the definitions may be out of date. */
	readonly followed: boolean;
	/** When an Envoy last accepted all of it. */
	readonly acceptedAt?: string;
	/** Milliseconds from when that was noticed on the disk until an Envoy had accepted all of it. */
	readonly acceptedMs?: number;
	/** What the definitions leave out for this node, and that they hold up others. */
	readonly notes?: readonly string[];
}

/** A unit or cgroup that the settings name. */
export interface NamedUnit {
	readonly unit: string;
	/** It has a cgroup, so that there is a rule for it. */
	readonly isThere: boolean;
}

export interface Status {
	readonly version: string;
	readonly wanted: Wanted;
	readonly is: Is;
	readonly since: string;
	readonly backend: { readonly name: string; readonly why: string };
	readonly families: readonly string[];
	readonly envoy: EnvoyStatus;
	readonly mesh?: MeshStatus;
	readonly conditions: readonly Condition[];
	/** Absent where the settings name none. */
	readonly units?: readonly NamedUnit[];
	/** Who else has rules here, harmless or not; absent where nobody is known. */
	readonly others?: readonly OtherProgram[];
	readonly repairs: Repairs;
	/** Time of the rollback if `enable` or `reload` is not confirmed; absent if nothing waits for a confirmation. */
	readonly confirmUntil?: string;
	/** Connections by verdict, since the daemon started. */
	readonly counters: {
		readonly ingress: { readonly connections: number };
		readonly egress: { readonly connections: number; readonly direct: number };
		/** Packets dropped because the kernel could not match them to a connection; they would have bypassed Envoy. */
		readonly dropped: number;
		/** By the setting that decides: connections, and where they are dropped packets. */
		readonly rules: readonly {
			readonly direction: 'ingress' | 'egress';
			readonly verdict: 'captured' | 'direct' | 'dropped';
			readonly setting: string;
			readonly count: number;
		}[];
	};
	/** Open connections that bypass Envoy because they were opened before the rules. 0 while the rules are off. */
	readonly bypassing: number;
	/** The former name of `bypassing`, for scripts that read it. */
	readonly existing: number;
	/** In the reply to `enable`: the caller's SSH login uses a port that is now captured. */
	readonly warning?: string;
	/**
	 * In the reply to `enable` with `cutExisting`, if Envoy listens: connections ended, and left open. Of the latter,
	 * `unheard` were spared because Envoy does not listen where they would arrive.
	 */
	readonly cut?: { readonly ended: number; readonly left: number; readonly unheard: number };
}
