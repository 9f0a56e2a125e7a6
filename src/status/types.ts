export type Wanted = 'enabled' | 'disabled';

export type Is = 'enabled' | 'disabled' | 'waiting' | 'lifted' | 'degraded';

/** Health is a list of facts, not a boolean: status, metrics and exit codes are all derived from it. */
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
	| 'firewall'
	| 'denials'
	| 'tables'
	| 'tracking';

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
	/** `unmanaged`: somebody else runs it. */
	readonly state: 'absent' | 'pulling' | 'starting' | 'live' | 'silent' | 'draining' | 'failed' | 'unmanaged';
	readonly version?: string;
	readonly id?: string;
	/** With the docker runtime. */
	readonly container?: string;
	readonly image?: string;
	/** Since when it runs. */
	readonly since?: string;
	readonly restarts: number;
	/** How the last one ended, once one has. */
	readonly lastExit?: string;
	/** The TCP ports that it listens on, while it is LIVE. */
	readonly listeners?: readonly number[];
	/** Milliseconds from its end to the next start, where it has failed. */
	readonly retryMs?: number;
	/** While its image is pulled. */
	readonly pull?: PullStatus;
}

/** A pull on its way, layer by layer, in bytes and Docker's words; `total` is 0 while it is not known. */
export interface PullStatus {
	readonly image: string;
	readonly layers: readonly {
		readonly id: string;
		readonly status: string;
		readonly current: number;
		readonly total: number;
	}[];
}

/** What others had changed and turnout has put right since the daemon started. */
export interface Repairs {
	readonly count: number;
	readonly last?: {
		readonly at: string;
		/** What was not as wanted, as `turnout diff` tells it. */
		readonly what: string;
		/** Which program it was, where the kernel tells. */
		readonly by?: string;
		/** Milliseconds from the notice to the reading back. */
		readonly ms: number;
	};
}

export interface Status {
	readonly version: string;
	readonly wanted: Wanted;
	readonly is: Is;
	readonly since: string;
	readonly backend: { readonly name: string; readonly why: string };
	readonly families: readonly string[];
	readonly envoy: EnvoyStatus;
	readonly conditions: readonly Condition[];
	readonly repairs: Repairs;
	/** When what was enabled or reloaded goes back to what was before, unless it is confirmed; left away where nothing waits. */
	readonly confirmUntil?: string;
	/** Connections by verdict since the rules were last committed. */
	readonly counters: {
		readonly ingress: { readonly connections: number };
		readonly egress: { readonly connections: number; readonly direct: number };
		/** Packets of captured connections that would have gone past Envoy, as the kernel could not place them. */
		readonly dropped: number;
	};
	/** Open connections that would be captured, were they opened now: they go past Envoy. 0 while the rules are off. */
	readonly bypassing: number;
	/** The former name of `bypassing`, for scripts that read it. */
	readonly existing: number;
	/** In the reply to `enable`, where an SSH session that was told of would be captured, were it opened now. */
	readonly warning?: string;
	/**
	 * In the reply to `enable`, where it was asked and Envoy listens: how many were ended, and how many are open still; of
	 * these `unheard` work, and would not come to Envoy if they were opened anew.
	 */
	readonly cut?: { readonly ended: number; readonly left: number; readonly unheard: number };
}
