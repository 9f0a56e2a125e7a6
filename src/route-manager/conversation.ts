import { readWords } from './bash-read.ts';

/** The 2019 script's conversation on standard input; every text is the script's, to the letter. These are its commands. */
export interface RouteManagerActions {
	readonly enable: () => Promise<void>;
	readonly disable: () => Promise<void>;
	readonly status: () => Promise<string>;
}

export interface Conversation {
	readonly input: AsyncIterable<Buffer | string>;
	readonly out: (text: string) => void;
	/** Called before each word; prints on a terminal only. */
	readonly prompt: () => void;
}

/** What the script prints and does before it reads the first word. */
export async function begin(env: NodeJS.ProcessEnv, actions: RouteManagerActions, out: (text: string) => void) {
	out('=== Input configuration ===\n');
	out(configurationText(env));
	out('=== Initializing ===\n');
	if (env['APPMESH_START_ENABLED'] !== '1') return;
	out('=== Enabling routing ===\n');
	await actions.enable();
}

/** The script's loop: ends with `quit` or the end of input and leaves the rules as they are. */
export async function converse(actions: RouteManagerActions, { input, out, prompt }: Conversation): Promise<void> {
	out('=== Entering main loop ===\n');
	prompt();
	for await (const word of readWords(input)) {
		if (word === 'quit') return;
		await execute(word, actions, out);
		prompt();
	}
}

async function execute(word: string, actions: RouteManagerActions, out: (text: string) => void): Promise<void> {
	switch (word) {
		case 'status':
			return out(await actions.status());
		case 'enable':
			out('=== Enabling routing ===\n');
			return actions.enable();
		case 'disable':
			out('=== Disabling routing ===\n');
			return actions.disable();
		default:
			return out('Available commands: quit, status, enable, disable\n');
	}
}

/**
 * The script's error for missing variables; undefined if none is missing. Empty counts as missing except for app ports:
 * AWS's later script accepts a node without listeners, which means outbound traffic only.
 */
export function refusal(env: NodeJS.ProcessEnv): string | undefined {
	const isMissing = (name: string) => (env[name] ?? '') === '';
	if (isMissing('APPMESH_IGNORE_UID') && isMissing('APPMESH_IGNORE_GID'))
		return [
			'Variables APPMESH_IGNORE_UID and/or APPMESH_IGNORE_GID must be set.\n',
			"Envoy must run under those IDs to be able to properly route it's egress traffic.\n",
		].join('');
	const ports = ['APPMESH_ENVOY_INGRESS_PORT', 'APPMESH_ENVOY_EGRESS_PORT'];
	if (ports.some(isMissing) || env['APPMESH_APP_PORTS'] === undefined)
		return [
			'All of APPMESH_ENVOY_INGRESS_PORT, APPMESH_ENVOY_EGRESS_PORT and APPMESH_APP_PORTS variables must be set.\n',
			'If any one of them is not set we will not be able to route either ingress, egress, or both directions.\n',
		].join('');
	return undefined;
}

/** Variables that the script overwrites; shown only if they were given. */
const assigned: Readonly<Record<string, (value: string) => string>> = {
	APPMESH_START_ENABLED: (value) => (value === '' ? '0' : value),
	APPMESH_EGRESS_IGNORED_PORTS: (value) => (value === '' ? '22' : `${value},22`),
	APPMESH_LOCAL_ROUTE_TABLE_ID: () => '100',
	APPMESH_PACKET_MARK: () => '0x1e7700ce',
};

/** Every line of the environment that contains APPMESH_, as the script's `env | grep` prints it. */
function configurationText(env: NodeJS.ProcessEnv): string {
	return Object.entries(env)
		.flatMap(([name, value = '']) => `${name}=${assigned[name]?.(value) ?? value}`.split('\n'))
		.filter((line) => line.includes('APPMESH_'))
		.map((line) => `${line}\n`)
		.join('');
}
