import { closest, distance } from 'fastest-levenshtein';
import { handedOnNames } from '../envoy/variables.ts';
import { settings } from './schema.ts';
import type { Setting, Settings } from './setting.ts';

/** Every setting under its dotted key, in the order of the schema. */
export const allSettings: ReadonlyMap<string, Setting<unknown>> = new Map(leaves(settings, ''));

function leaves(table: Settings, prefix: string): [string, Setting<unknown>][] {
	return Object.entries(table).flatMap(([key, entry]): [string, Setting<unknown>][] =>
		isSetting(entry) ? [[prefix + key, entry]] : leaves(entry, `${prefix}${key}.`),
	);
}

/** Keys that hold settings and are none. */
export const sections: readonly string[] = Object.entries(settings).flatMap(([key, entry]) =>
	isSetting(entry) ? [] : [key],
);

export function isSetting(entry: Setting<unknown> | Settings): entry is Setting<unknown> {
	return typeof (entry as Setting<unknown>).parse === 'function';
}

/** `envoy.adminPort` is `--envoy-admin-port` on the command line. */
export const flagOf = (key: string): string =>
	key.replace('.', '-').replace(/[A-Z0-9]+/g, (letters, at: number) => (at === 0 ? letters : hyphenated(letters)));

const hyphenated = (letters: string): string => (/^\d/.test(letters) ? letters : `-${letters.toLowerCase()}`);

/**
 * Variables that look like ours and are not: any other TURNOUT_*, and an APPMESH_* that is nearly a known one
 * (what Envoy's images read beside ours is open-ended).
 */
export function strangeVariables(names: readonly string[]): { readonly name: string; readonly nearest: string }[] {
	const known = [...[...allSettings.values()].map(({ variable }) => variable), ...handedOnNames];
	return names
		.filter((name) => /^(TURNOUT|APPMESH)_/.test(name) && !known.includes(name))
		.map((name) => ({ name, nearest: closest(name, known) }))
		.filter(({ name, nearest }) => name.startsWith('TURNOUT_') || distance(name, nearest) <= 2);
}

export const nearestKey = (key: string): string => closest(key, [...allSettings.keys()]);
