/** What `turnout explain` answers, as `--json` prints it. */

export interface ExplainRequest {
	/** One of three: where a connection of this host goes, `HOST:PORT`; */
	readonly out?: string;
	/** the port of this host that one comes to; */
	readonly in?: number;
	/** a process, whose connections are all explained. */
	readonly pid?: number;
	/** The caller's address, where it is not this host. */
	readonly from?: string;
	/** Names or ids; without a group, the user's primary one. Root unless given. */
	readonly user?: string;
	readonly group?: string;
	/** The unit or cgroup that its program is in; in none that a setting names unless given. */
	readonly unit?: string;
	/** The one that the routes say, unless given. */
	readonly interface?: string;
	/** What is asked for, where it is HTTP. */
	readonly method?: string;
	readonly path?: string;
	readonly host?: string;
	/** `NAME=VALUE`. */
	readonly headers?: readonly string[];
}

export interface ExplainReply {
	/** `waiting`: for Envoy's first LIVE; `lifted`: until it is back; `unknown`: to whoever may not read the rules. */
	readonly interception: 'on' | 'off' | 'waiting' | 'lifted' | 'unknown';
	readonly process?: { readonly pid: number; readonly program: string; readonly uid: number; readonly gid: number };
	readonly connections: readonly ExplainedConnection[];
}

export interface ExplainedConnection {
	/** On one line: `a connection of user app (1000) to 203.0.113.10:443, by eth0`. */
	readonly question: string;
	readonly from: string;
	readonly to: string;
	readonly port: number;
	readonly interface: string;
	readonly uid?: number;
	readonly gid?: number;
	/** By the settings as they are now, with interception on. */
	readonly settings: Judgement;
	/** By the rules that are installed now; absent where they could not be read. */
	readonly kernel?: Judgement;
	/** How what is installed differs for this connection from what should be; absent where it does not. */
	readonly drift?: string;
	/** Of an open connection of a process. */
	readonly open?: 'through Envoy' | 'past Envoy';
	/** What Envoy does with it, where it gets there and a mesh is defined. */
	readonly mesh?: MeshAnswer;
	/** Of a connection that was made to find out. */
	readonly probe?: ProbeAnswer;
	readonly notes: readonly string[];
}

export interface ProbeAnswer {
	/** `answered`, or the system's word for why not, such as `ECONNREFUSED`. */
	readonly outcome: string;
	/** The process that has accepted it, or the address where somebody has; '' where nobody has. */
	readonly by: string;
	/** The port of this host that it was redirected to. */
	readonly redirectedTo?: number;
	/** It went where the installed rules, or else the settings, say. */
	readonly agrees: boolean;
}

/** Who gets a connection. `app`: whoever listens on this host; `direct`: whoever is at the address. */
export type Recipient =
	| 'egress listener'
	| 'ingress listener'
	| 'another port'
	| 'app'
	| 'direct'
	| 'dropped'
	| 'unknown';

export interface Judgement {
	readonly answer: Recipient;
	/** Where it is redirected to. */
	readonly port?: number;
	/** What the rule that decides says of itself, or why none decides. */
	readonly because: string;
	/** Which decides; absent where nothing can be set. */
	readonly setting?: DecidingSetting;
	/** Chains of ours that the connection goes through, with their tables. */
	readonly chains: readonly string[];
}

export interface DecidingSetting {
	readonly key: string;
	readonly value: string;
	readonly variable: string;
	readonly flag: string;
	readonly source: 'default' | 'file' | 'environment' | 'flag' | 'mesh';
	/** The variable, the flag, or the file with its line. */
	readonly origin: string;
}

/** What the mesh makes of a request or connection. */
export interface MeshAnswer {
	readonly question: string;
	/** `mesh/MESH/virtualNode/NAME`. */
	readonly node: string;
	/** Envoy's names. */
	readonly listener: string;
	readonly chain: string;
	readonly gatewayRoutes: readonly RouteAnswer[];
	/** Of a gateway: as which the request goes on. */
	readonly rewritten: { readonly host: string; readonly path: string } | undefined;
	readonly service: string | undefined;
	readonly router: string | undefined;
	readonly routes: readonly RouteAnswer[];
	readonly outcome: {
		readonly kind: 'sent' | 'passed' | 'answered' | 'closed' | 'unknown';
		readonly status?: number;
		readonly why: string;
		/** Of what passes; of what is sent, each target has its own. */
		readonly cluster?: string;
	};
	readonly targets: readonly TargetAnswer[];
	/** What may keep the request from Envoy. */
	readonly notes: readonly string[];
}

export interface RouteAnswer {
	readonly name: string;
	readonly match: string;
	readonly verdict: 'taken' | 'unmet' | 'later' | 'unknown';
	readonly why: string;
}

export interface TargetAnswer {
	readonly node: string;
	readonly protocol: string;
	readonly port: number;
	readonly host: string;
	readonly weight: number;
	readonly cluster: string;
}
