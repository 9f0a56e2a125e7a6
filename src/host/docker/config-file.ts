import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';

/** What Docker's config.json (`docker login`) has for one registry. */
export interface StoredLogin {
	/** The credential helper for this registry (`credHelpers`); '' for none. */
	readonly helper: string;
	/** The credential helper for all other registries (`credsStore`); '' for none. */
	readonly store: string;
	/** From the file itself (`auths`). */
	readonly login: Credentials | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Docker Hub is kept under an address of its own (docker/cli, cli/config/configfile). */
const HUB = 'https://index.docker.io/v1/';
const hubNames: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** A registry's name in config.json and for credential helpers. */
export const serverOf = (registry: string): string => (registry === 'docker.io' ? HUB : registry);

export const dockerConfigPath = (folder = process.env['DOCKER_CONFIG'] ?? ''): string =>
	join(folder === '' ? join(homedir(), '.docker') : folder, 'config.json');

/** Errors never quote the file, as it may hold passwords. */
export function readStoredLogin(path: string, registry: string): StoredLogin {
	const config = readConfigFile(path);
	const { credsStore } = config;
	const entry = find(sectionOf(path, config, 'auths'), registry);
	return {
		helper: helperName(path, 'credHelpers', find(sectionOf(path, config, 'credHelpers'), registry)),
		store: helperName(path, 'credsStore', credsStore),
		login: entry === undefined ? undefined : loginOf(path, entry, serverOf(registry)),
	};
}

function readConfigFile(path: string): Json {
	const text = readText(path);
	if (text === undefined) return {};
	try {
		return requireObject(JSON.parse(text));
	} catch {
		throw broken(path, 'it is not a JSON object');
	}
}

function readText(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		const { code = '' } = cause as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw broken(path, describeFsError(cause));
	}
}

function sectionOf(path: string, config: Json, name: string): Json {
	try {
		return requireObject(config[name] ?? {});
	} catch {
		throw broken(path, `its ${name} is not an object`);
	}
}

function requireObject(value: unknown): Json {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
	return value as Json;
}

/** Prefers the registry's exact key to one with a scheme or a path. */
function find(section: Json, registry: string): unknown {
	const server = serverOf(registry);
	if (Object.hasOwn(section, server)) return section[server];
	const key = Object.keys(section).find((one) => isSame(hostOf(one), registry));
	return key === undefined ? undefined : section[key];
}

/** Without scheme and path, as Docker's ConvertToHostname. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');

const isSame = (host: string, registry: string): boolean =>
	registry === 'docker.io' ? hubNames.includes(host) : host === registry;

function helperName(path: string, section: string, name: unknown = ''): string {
	if (typeof name === 'string' && /^[\w.-]*$/.test(name)) return name;
	throw broken(path, `its ${section} is not the name of a helper`);
}

function loginOf(path: string, entry: unknown, serveraddress: string): Credentials | undefined {
	const { auth, identitytoken, username, password } = (entry ?? {}) as Json;
	if (isText(identitytoken)) return { identitytoken, serveraddress };
	if (isText(username) && isText(password)) return { username, password, serveraddress };
	if (auth === undefined || auth === '') return undefined;
	const [, user, secret] = /^([^:]+):(.*)$/s.exec(isText(auth) ? Buffer.from(auth, 'base64').toString() : '') ?? [];
	if (user === undefined || secret === undefined) throw broken(path, `its login of ${serveraddress} is damaged`);
	return { username: user, password: secret.replace(/\0+$/, ''), serveraddress };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const broken = (path: string, why: string): Failure =>
	new Failure(
		'registry',
		`Cannot read Docker's logins in ${path}: ${why}`,
		'Repair it, or remove it and run docker login',
	);
