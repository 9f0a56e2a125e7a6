import { readSettingsFile, readVariableFile, whyNoFile } from './file.ts';
import { type Loaded, readConfig, refusal } from './merge-sources.ts';
import { allSettings } from './names.ts';
import { fileVariables, passThrough } from './pass-through.ts';
import type { VariableFiles } from './variable-files.ts';
import type { Written } from './written.ts';
import type { FileSettings } from './yaml.ts';

/** The settings of a command line: a file, and single settings by their dotted keys. */
export interface SettingsArguments {
	readonly file?: string;
	readonly flags: Readonly<Record<string, string>>;
}

/** Reads file, environment and flags. The only place that reads settings from the environment. `instead`: of a file. */
export async function loadSettings({ file, flags }: SettingsArguments, instead?: FileSettings): Promise<Loaded> {
	const readFiles = await variableFilesReader();
	return readConfig({
		...{ env: process.env, file: instead ?? (await readSettingsFile(file)), flags, whyNoFile },
		mistakesInFiles: (variables) => readFiles(variables).mistakes,
	});
}

type Variables = Readonly<Record<string, string>>;

/**
 * Reads the files that Envoy's variables name, as they are when it is called. The YAML library is loaded only if there are
 * any: the environment is that of the start.
 */
export async function variableFilesReader(): Promise<(variables: Variables) => VariableFiles> {
	if (!fileVariables.some((name) => (process.env[name] ?? '').trim() !== ''))
		return () => ({ parts: [], mistakes: [] });
	const { readVariableFiles } = await import('./variable-files.ts');
	return (variables) => readVariableFiles(variables, readVariableFile);
}

/** Settings as recorded earlier, regardless of file and flags now. Keys that no longer exist are ignored. */
export function recallSettings(written: Written): Loaded {
	const known = Object.entries(written).filter(([key]) => allSettings.has(key));
	return readConfig({
		env: process.env,
		file: { values: new Map(), mistakes: [] },
		flags: Object.fromEntries(known.map(([key, { text }]) => [key, text])),
		origins: Object.fromEntries(known.map(([key, { origin }]) => [key, origin])),
		whyNoFile,
	});
}

/** Envoy's variables alone, for who reads no settings. Throws one Failure with all mistakes. */
export async function loadEnvoyVariables(): Promise<{ readonly variables: Variables; readonly files: VariableFiles }> {
	const { env: variables, mistakes } = passThrough(process.env, whyNoFile);
	const files = (await variableFilesReader())(variables);
	const all = [...mistakes, ...files.mistakes];
	if (all.length > 0) throw refusal(all);
	return { variables, files };
}
