import type { Given, Options } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { connectionOptions, EXPLAIN, explainRequestOf } from '../cli/explain-request.ts';
import type { Described } from '../cli/help.ts';
import { socketOf } from '../config/quick-lookup.ts';
import { controlOptions } from './control/control-options.ts';

/** The commands that run in this process. Each module is loaded only when its command runs. */
export interface LocalCommand extends Described {
	/** Every setting is an option too. */
	readonly takesSettings: boolean;
	/** Number of positional arguments allowed. */
	readonly words: number;
	readonly run: (given: Given, words: readonly string[], terminal: CommandContext) => Promise<number>;
}

const none: Options = {};

/** What the definitions of a mesh are read with. */
const definitions = {
	parameters: {
		type: 'string',
		help: 'NAME=VALUE,…: for CloudFormation templates, and for templates such as $NAME; instead of those of the settings',
	},
	config: { type: 'string', help: 'FILE: the settings file (/etc/turnout/turnout.yaml)' },
} as const satisfies Options;

export const localCommands: Readonly<Record<string, LocalCommand>> = {
	run: {
		summary: 'Run the daemon; on a terminal, with a prompt',
		options: { 'no-prompt': { type: 'boolean', help: 'No prompt, even on a terminal' } },
		takesSettings: true,
		words: 0,
		run: async (given, _, { signal }) => (await import('./run/run.ts')).run(given, signal),
	},
	prompt: {
		summary: 'Open a prompt that talks to the running daemon',
		options: none,
		takesSettings: false,
		words: 0,
		run: async (given, _, { signal }) => (await import('./run/run.ts')).runPrompt(given, signal),
	},
	'route-manager': {
		summary: 'Behave exactly as the 2019 script, with commands on standard input',
		options: none,
		takesSettings: false,
		words: Number.POSITIVE_INFINITY,
		run: async (_given, _words, { signal }) =>
			(await import('./route-manager.ts')).runRouteManager(socketOf({}), signal),
	},
	init: {
		summary: 'Apply the rules once and verify them; needs no daemon',
		options: {
			'task-definition': {
				type: 'string',
				help: 'FILE: what the proxyConfiguration of this ECS task definition says, instead of a settings file',
			},
		},
		takesSettings: true,
		words: 0,
		run: async (given, _, terminal) => (await import('./init.ts')).init(given, terminal),
	},
	clean: {
		summary: 'Remove everything with our names; needs no daemon',
		options: {
			'route-manager': { type: 'boolean', help: 'Also what the 2019 script left' },
			seed: { type: 'boolean', help: 'Former name of --route-manager' },
			after: { type: 'string', help: 'UNIT: only if systemd had to kill it during a stop and onStop is disable' },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./clean.ts')).clean(given, terminal),
	},
	cni: {
		summary: 'A CNI plugin with the configuration of aws-appmesh; a container runtime calls it',
		options: {
			capabilities: { type: 'boolean', help: 'What the ECS agent asks first' },
			version: { type: 'boolean', help: 'Print the version as JSON' },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./cni.ts')).cni(given, terminal),
	},
	takeover: {
		summary: 'Replace the rules of the 2019 script, or of the App Mesh CNI plugin, by ours, without a gap',
		options: {
			'dry-run': { type: 'boolean', help: 'Print the settings that its rules amount to, as YAML, and change nothing' },
			confirm: { type: 'string', help: 'SECONDS: roll back after this time unless `turnout confirm` follows' },
			socket: { type: 'string', help: "PATH: the daemon's socket" },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./takeover.ts')).takeover(given, terminal),
	},
	revert: {
		summary: 'Roll back an unconfirmed change at once; needs no daemon',
		options: {
			socket: { type: 'string', help: "PATH: the daemon's socket" },
			'state-directory': { type: 'string', help: "PATH: the daemon's state directory" },
			after: { type: 'string', help: 'SECONDS: wait this long first' },
			until: { type: 'string', help: 'TIME: only the change with this deadline, as shown by status' },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./revert.ts')).revert(given, terminal),
	},
	render: {
		summary: 'Print the rules that would be committed, each with its reason',
		options: { family: { type: 'string', help: 'ipv4 or ipv6 only' } },
		takesSettings: true,
		words: 0,
		run: async (given, _, terminal) => (await import('./render.ts')).render(given, terminal),
	},
	mesh: {
		summary: 'App Mesh definitions: mesh check, show, render, convert or diff [PATH], import FILES… or export',
		options: {
			node: { type: 'string', help: "NAME: show, render or compare this virtual node; else this host's" },
			...definitions,
			against: { type: 'string', help: 'PATH: diff: definitions to compare with; else what Envoy accepted last' },
			envoy: { type: 'boolean', help: "check: also what Envoy's own validation says of every node and gateway" },
			'envoy-command': { type: 'string', help: 'PROGRAM: this Envoy; else envoy.command of the settings' },
			as: {
				type: 'string',
				help: 'render: bootstrap: for `envoy -c`; resources: what a daemon gives Envoy; with --ads also certificate and authority, each a file beside the certificate; bootstrap. export: yaml, or cli-json for aws appmesh; yaml',
			},
			ads: {
				type: 'string',
				help: 'HOST:PORT: render: for an Envoy that gets everything from this turnout control; with it:',
			},
			certificate: { type: 'string', help: "PATH: render: the Envoy's certificate, as it sees it" },
			'private-key': { type: 'string', help: 'PATH: render: its key' },
			ca: { type: 'string', help: "PATH: render: the authority of turnout control's certificate" },
			pod: {
				type: 'boolean',
				help: 'render: for an Envoy in a pod: also IPv6, and port 9901 for probes and who reads statistics',
			},
			to: {
				type: 'string',
				help: 'import: FOLDER or URL: what is to have the definitions; export: FOLDER: a new one; - is standard output',
			},
			from: { type: 'string', help: "export: FOLDER or URL; else the settings' mesh.definitions" },
			confirm: {
				type: 'boolean',
				help: 'import: change it without asking; else a terminal is asked, and a script is only told',
			},
			prune: { type: 'boolean', help: 'import: also delete what its meshes have and the files do not' },
			dot: { type: 'boolean', help: 'show: a picture for Graphviz' },
			mermaid: { type: 'boolean', help: 'show: a picture for Markdown' },
		},
		verbs: ['check', 'show', 'render', 'convert', 'diff', 'import', 'export'],
		takesSettings: false,
		words: Number.POSITIVE_INFINITY,
		run: async (given, words, terminal) => (await import('./mesh.ts')).mesh(given, words, terminal),
	},
	convert: {
		summary:
			"What AWS's agents did for ECS tasks and pods, done by turnout's container: convert task-definition FILE, convert pod FILE; - is standard input",
		options: {
			image: { type: 'string', help: "IMAGE: turnout's own; turnout" },
			'envoy-image': { type: 'string', help: "pod: IMAGE: Envoy's; the pod's own, or envoyproxy/envoy:v1.40.0" },
			sidecar: {
				type: 'string',
				help: 'pod: native: Envoy starts before the application and ends after it, with Kubernetes 1.29 or later; container: beside it; native',
			},
			mesh: { type: 'string', help: 'pod: NAME: the mesh, where nothing else says it' },
			definitions: {
				type: 'string',
				help: "pod: PATH, or etcd://HOST:2379/PREFIX: the mesh's definitions, from which Envoy's ConfigMap is made; they also say which pod is which node",
			},
			'ads-socket': { type: 'string', help: 'pod: PATH: on the node, a socket by which Envoy gets its configuration' },
			...definitions,
		},
		verbs: ['task-definition', 'pod'],
		takesSettings: false,
		words: 2,
		run: async (given, words, terminal) => (await import('./convert.ts')).convert(given, words, terminal),
	},
	control: {
		summary: "Serve App Mesh's API for aws, SDKs and scripts, over the folder of definitions or etcd; needs no root",
		options: { ...controlOptions, ...definitions },
		verbs: ['keys', 'policy', 'status', 'history'],
		takesSettings: false,
		words: 3,
		run: async (given, words, terminal) => (await import('./control.ts')).control(given, words, terminal),
	},
	explain: {
		summary: EXPLAIN,
		options: {
			...connectionOptions,
			probe: { type: 'boolean', help: 'out: also make the connection, and say who has answered' },
			...definitions,
			node: {
				type: 'string',
				help: "NAME: on the host of this virtual node, or to mesh/MESH/virtualGateway/NAME; else this host's own",
			},
			socket: { type: 'string', help: "PATH: the daemon's socket" },
		},
		verbs: ['out', 'in'],
		takesSettings: false,
		words: 3,
		run: async (given, words, terminal) => {
			const request = explainRequestOf(given, words);
			return request === undefined
				? (await import('./explain.ts')).explain(given, words, terminal)
				: (await import('./explain/explain-connection.ts')).explainConnection(given, request, terminal);
		},
	},
	doctor: {
		summary:
			'Check this host, with or without a daemon: what is wrong or will be, each with its remedy; changes nothing',
		options: none,
		takesSettings: true,
		words: 0,
		run: async (given, _, terminal) => (await import('./doctor.ts')).doctor(given, terminal),
	},
	config: {
		summary: 'Every setting, its value and its origin; config check FILE: all mistakes of a file',
		options: none,
		verbs: ['check'],
		takesSettings: true,
		words: 2,
		run: async (given, words, terminal) => (await import('./config.ts')).config(given, words, terminal),
	},
};
