import { closest, distance } from 'fastest-levenshtein';
import type { Setting, Settings } from './formats.ts';
import { passThroughNames } from './pass-through.ts';
import { settings } from './schema.ts';

/** Every setting by its dotted key, in the order of the schema. */
export const allSettings: ReadonlyMap<string, Setting<unknown>> = new Map(leaves(settings, ''));

function leaves(table: Settings, prefix: string): [string, Setting<unknown>][] {
	return Object.entries(table).flatMap(([key, entry]): [string, Setting<unknown>][] =>
		isSetting(entry) ? [[prefix + key, entry]] : leaves(entry, `${prefix}${key}.`),
	);
}

/** Keys that group settings, such as `envoy`. */
export const sections: readonly string[] = Object.entries(settings).flatMap(([key, entry]) =>
	isSetting(entry) ? [] : [key],
);

export function isSetting(entry: Setting<unknown> | Settings): entry is Setting<unknown> {
	return typeof (entry as Setting<unknown>).parse === 'function';
}

/** The variable that counts in this environment: the newest of its names that says something. */
export const variableOf = ({ variable, newer = [] }: Setting<unknown>, env: NodeJS.ProcessEnv): string =>
	newer.find((name) => (env[name] ?? '').trim() !== '') ?? variable;

/** Each setting under its first name. */
export function underFirstNames(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const renamed = [...allSettings.values()].flatMap((setting) => {
		const name = variableOf(setting, env);
		return name === setting.variable ? [] : [[setting.variable, env[name]] as const];
	});
	return { ...env, ...Object.fromEntries(renamed) };
}

/** `envoy.adminPort` is `--envoy-admin-port` on the command line. */
export const flagOf = (key: string): string =>
	key.replace('.', '-').replace(/[A-Z0-9]+/g, (letters, at: number) => (at === 0 ? letters : hyphenated(letters)));

const hyphenated = (letters: string): string => (/^\d/.test(letters) ? letters : `-${letters.toLowerCase()}`);

/**
 * Probable typos: any unknown TURNOUT_*, and an APPMESH_* close to a known one. Other APPMESH_* names are fine, as
 * Envoy's images may read more than we know.
 */
export function strangeVariables(names: readonly string[]): { readonly name: string; readonly nearest: string }[] {
	const known = [
		...[...allSettings.values()].flatMap(({ variable, newer = [] }) => [variable, ...newer]),
		...passThroughNames,
	];
	return names
		.filter((name) => /^(TURNOUT|APPMESH)_/.test(name) && !known.includes(name))
		.map((name) => ({ name, nearest: closest(name, known) }))
		.filter(({ name, nearest }) => name.startsWith('TURNOUT_') || distance(name, nearest) <= 2);
}

/**
 * Variables of other App Mesh scripts that we do not read: constants of the route manager, which people export, and
 * those of the script for gateways (aws-app-mesh-examples). `harmless`: the value that matches our behaviour.
 */
const others: readonly { readonly name: string; readonly instead: string; readonly harmless?: string }[] = [
	{ name: 'APPMESH_ENVOY_UID', instead: 'here it is ignoreUids (APPMESH_IGNORE_UID)', harmless: '1337' },
	{ name: 'APPMESH_ENVOY_LOCAL_FORWARD_PORT', instead: 'here traffic within the host is never captured' },
	{ name: 'APPMESH_LOCAL_ROUTE_TABLE_ID', instead: 'here it is routeTable (TURNOUT_ROUTE_TABLE)', harmless: '100' },
	{ name: 'APPMESH_PACKET_MARK', instead: 'here it is mark (TURNOUT_MARK)', harmless: '0x1e7700ce' },
];

/** Those set to a value that differs from what we do. */
export const foreignVariables = (
	env: NodeJS.ProcessEnv,
): readonly { readonly name: string; readonly instead: string }[] =>
	others.filter(({ name, harmless }) => (env[name] ?? '') !== '' && env[name] !== harmless);

export const nearestKey = (key: string): string => closest(key, [...allSettings.keys()]);
