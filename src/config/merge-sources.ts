import convict from 'convict';
import { Failure } from '../failure.ts';
import { conflicts } from './conflicts.ts';
import type { Setting, Settings } from './formats.ts';
import { allSettings, flagOf, isSetting, strangeVariables, underFirstNames, variableOf } from './names.ts';
import { type PassThrough, passThrough, variablesOfSettings } from './pass-through.ts';
import { type Config, settings } from './schema.ts';
import { foreign, forgive, whyNot } from './tolerated.ts';
import type { FileCheck } from './variable-kinds.ts';
import { variablesAsked } from './variables-asked.ts';
import type { FileSettings } from './yaml.ts';

export interface Sources {
	readonly env: NodeJS.ProcessEnv;
	readonly file: FileSettings;
	/** Dotted key → text, from the command line. */
	readonly flags: Readonly<Record<string, string>>;
	/** Dotted key → recorded origin, for flags that replay recorded settings. */
	readonly origins?: Readonly<Record<string, string>>;
	/** Checks the files that Envoy's variables name; without it they are not checked. */
	readonly whyNoFile?: FileCheck;
	/** What is wrong in them. */
	readonly mistakesInFiles?: (variables: Readonly<Record<string, string>>) => readonly string[];
}

export interface Loaded {
	readonly config: Config;
	/** Dotted key → the text as written, and its origin. */
	readonly written: ReadonlyMap<string, { readonly text: string; readonly origin: string }>;
	/** Values that were normalized or replaced. */
	readonly notices: readonly string[];
	/** Variables for Envoy's images, including those that are settings, and the files that they name. */
	readonly passThrough: Pick<PassThrough, 'env' | 'files'>;
}

/** Throws one Failure with all mistakes. */
export function readConfig(given: Sources): Loaded {
	const { mistakes, ...loaded } = mergeSources(given);
	if (mistakes.length > 0) throw refusal(mistakes);
	return loaded;
}

/** Merges the sources: default < file < environment < flag. All mistakes have their origins; their settings are the defaults. */
export function mergeSources(given: Sources): Loaded & { readonly mistakes: readonly string[] } {
	const { env: forgiven, replaced } = forgive(given.env);
	const sources = { ...given, env: underFirstNames(forgiven) };
	const texts = merge(sources);
	const written = new Map(
		[...allSettings].map(([key, setting]) => {
			const variable = variableOf(setting, forgiven);
			return [key, { text: String(texts.get(key)), origin: originOf(key, variable, sources) }] as const;
		}),
	);
	const wrong = malformed(written);
	const config = Object.freeze(
		valuesOf(settings, '', (key) => (wrong.has(key) ? undefined : String(texts.get(key)))),
	) as Config;
	const named = (key: string) => `${key} (${written.get(key)?.origin})`;
	// An invalid setting is replaced by its default, so conflicts that involve it are not reported.
	const clashes = conflicts(config, named).filter((clash) => ![...wrong.keys()].some((key) => clash.includes(key)));
	const { mistakes: misread, ...handed } = passThrough(sources.env, fileCheck(sources, config));
	const others = misread.filter((mistake) => !isOfSetting(mistake));
	const asked = variablesAsked(handed.env, config, sources.mistakesInFiles);
	const mistakes = [
		...sources.file.mistakes,
		...strange(sources.env),
		...wrong.values(),
		...clashes,
		...others,
		...asked.mistakes,
	];
	const proxy = { ...handed, env: { ...handed.env, ...variablesOfSettings(config.envoy) } };
	return {
		...{ config, written, mistakes },
		notices: mistakes.length > 0 ? [] : [...replaced, ...foreign(given.env), ...notices(written), ...asked.notices],
		passThrough: proxy,
	};
}

/** Told of the setting already. */
const isOfSetting = (mistake: string): boolean =>
	[...allSettings.values()].some(({ variable, newer = [] }) =>
		[variable, ...newer].some((name) => mistake.startsWith(`${name}: `)),
	);

/** If another program runs Envoy, its files may not be visible to us. */
const fileCheck = ({ whyNoFile }: Sources, { envoy }: Config): FileCheck =>
	envoy.runtime === 'none' || whyNoFile === undefined ? () => undefined : whyNoFile;

/** Convict merges the layers; every value stays the text that the user wrote. */
function merge({ env, file, flags }: Sources): convict.Config<Record<string, string>> {
	const merged = convict(schemaOf(settings) as convict.Schema<Record<string, string>>, { env, args: [] });
	for (const [key, { text }] of file.values) {
		if (env[allSettings.get(key)?.variable ?? ''] === undefined) merged.set(key, text);
	}
	for (const [key, text] of Object.entries(flags)) merged.set(key, text);
	return merged;
}

function schemaOf(table: Settings): object {
	return Object.fromEntries(
		Object.entries(table).map(([key, entry]) => [
			key,
			isSetting(entry) ? { default: entry.default, env: entry.variable, format: String } : schemaOf(entry),
		]),
	);
}

function originOf(key: string, variable: string, { env, file, flags, origins }: Sources): string {
	const recalled = origins?.[key];
	if (recalled !== undefined) return recalled;
	if (flags[key] !== undefined) return `--${flagOf(key)}`;
	if (env[variable] !== undefined) return variable;
	return file.values.get(key)?.where ?? 'default';
}

/** Key → its error. */
function malformed(written: Loaded['written']): ReadonlyMap<string, string> {
	const wrong = new Map<string, string>();
	for (const [key, { text, origin }] of written) {
		const setting = allSettings.get(key) as Setting<unknown>;
		const why = whyNot(setting, text);
		if (why !== undefined) wrong.set(key, `${key} (${origin}): ${why}; allowed: ${setting.allowed}`);
	}
	return wrong;
}

function strange(env: NodeJS.ProcessEnv): string[] {
	return strangeVariables(Object.keys(env)).map(
		({ name, nearest }) => `${name}: unknown variable; did you mean ${nearest}?`,
	);
}

function valuesOf(table: Settings, prefix: string, text: (key: string) => string | undefined): object {
	return Object.fromEntries(
		Object.entries(table).map(([key, entry]) => [
			key,
			isSetting(entry)
				? entry.parse(text(prefix + key) ?? entry.default)
				: Object.freeze(valuesOf(entry, `${prefix}${key}.`, text)),
		]),
	);
}

function notices(written: Loaded['written']): string[] {
	return [...written].flatMap(([key, { text, origin }]) =>
		(allSettings.get(key)?.notices?.(text) ?? []).map((notice) => `${key} (${origin}): ${notice}`),
	);
}

export function refusal(mistakes: readonly string[]): Failure {
	const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
	const lines = mistakes.map((mistake) => `\n  ${mistake}`).join('');
	return new Failure(
		'config',
		`Cannot use the settings: ${count}:${lines}`,
		'See every setting: turnout config --help',
	);
}
