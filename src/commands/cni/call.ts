/** A call of the Container Network Interface, as its specification has it (SPEC.md, sections 2 and 5). Pure. */
export const VERSIONS: readonly string[] = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

export interface CniError {
	readonly code: number;
	readonly msg: string;
	readonly details?: string;
	/** Of the call's configuration, where that is known. */
	readonly cniVersion?: string;
}

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

export interface Call {
	readonly command: Command;
	/** The path of the container's network namespace; '' where the call is about none. */
	readonly network: string;
	/** It may be the caller's own. */
	readonly mayBeOwn: boolean;
}

/** By their names in lower case: the plugins of others, written in Go, do not tell upper from lower case. */
export type Members = ReadonlyMap<string, unknown>;

const about: Readonly<Record<Command, { readonly needs: readonly string[]; readonly since: string }>> = {
	ADD: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.3.0' },
	DEL: { needs: ['CNI_CONTAINERID', 'CNI_IFNAME'], since: '0.3.0' },
	CHECK: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.4.0' },
	GC: { needs: [], since: '1.1.0' },
	STATUS: { needs: [], since: '1.1.0' },
	VERSION: { needs: [], since: '0.3.0' },
};

export const isCniError = (value: object): value is CniError => 'code' in value;

const wrongVariable = (msg: string, details?: string): CniError => ({
	...{ code: 4, msg },
	...(details === undefined ? {} : { details }),
});

/** What the environment says. */
export function parseCall(env: NodeJS.ProcessEnv): Call | CniError {
	const { CNI_COMMAND = '', CNI_NETNS_OVERRIDE = '' } = env;
	if (!isCommand(CNI_COMMAND)) return wrongVariable(`unknown CNI_COMMAND: ${CNI_COMMAND}`);
	const { needs } = about[CNI_COMMAND];
	const missing = needs.filter((name) => (env[name] ?? '') === '');
	if (missing.length > 0) return wrongVariable(`required env variables [${missing.join()}] missing`);
	const isOfContainer = needs.length > 0;
	const mistake = isOfContainer ? (mistakeInId(env) ?? mistakeInInterface(env)) : undefined;
	const network = isOfContainer ? networkOf(env) : '';
	return mistake ?? { command: CNI_COMMAND, network, mayBeOwn: /^(1|true)$/i.test(CNI_NETNS_OVERRIDE) };
}

/** The plugin that this replaces takes a name too. */
const networkOf = ({ CNI_NETNS: given = '' }: NodeJS.ProcessEnv): string =>
	given === '' || given.includes('/') ? given : `/var/run/netns/${given}`;

const isCommand = (text: string): text is Command => Object.hasOwn(about, text);

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const mistakeInId = ({ CNI_CONTAINERID: id = '' }: NodeJS.ProcessEnv): CniError | undefined =>
	NAME.test(id) ? undefined : wrongVariable('invalid characters in containerID', id);

function mistakeInInterface({ CNI_IFNAME: name = '' }: NodeJS.ProcessEnv): CniError | undefined {
	if (name.length > 15)
		return wrongVariable('interface name is too long', 'interface name should be less than 16 characters');
	if (name === '.' || name === '..') return wrongVariable('interface name is . or ..');
	return /[/:\s]/.test(name) ? wrongVariable('interface name contains / or : or whitespace characters') : undefined;
}

/** The configuration on standard input, as far as every plugin has to look at it. */
export function parseConfiguration(command: Command, text: string): Members | CniError {
	const members = parseMembers(text);
	if (isCniError(members)) return members;
	const name = members.get('name') ?? '';
	if (name === '') return { code: 7, msg: 'missing network name' };
	if (typeof name !== 'string' || !NAME.test(name))
		return { code: 7, msg: 'invalid characters found in network name', details: String(name) };
	return mistakeInVersion(command, versionOf(members)) ?? members;
}

function parseMembers(text: string): Members | CniError {
	try {
		const value: unknown = JSON.parse(text);
		if (!isObject(value)) throw new Error('it is no object');
		return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
	} catch (error) {
		return { code: 6, msg: `error unmarshall network config: ${(error as Error).message}` };
	}
}

export const isObject = (value: unknown): value is object =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without one it is older than all that we know. */
export const versionOf = (members: Members): string => String(members.get('cniversion') ?? '0.1.0');

function mistakeInVersion(command: Command, version: string): CniError | undefined {
	const at = VERSIONS.indexOf(version);
	const list = VERSIONS.map((each) => `"${each}"`).join(' ');
	if (at < 0)
		return { code: 1, msg: 'incompatible CNI versions', details: `config is "${version}", plugin supports [${list}]` };
	if (at >= VERSIONS.indexOf(about[command].since)) return undefined;
	return { code: 1, msg: `config version does not allow ${command}` };
}
