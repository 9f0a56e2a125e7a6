import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { Failure } from '../failure.ts';
import { oneLine, quote } from '../lib/escape.ts';

export interface Option {
	readonly type: 'string' | 'boolean';
	readonly short?: string;
	/** It may be given several times. */
	readonly multiple?: true;
	readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;
/** A list: of an option that may be given several times. */
export type Given = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Parses a command line. `words`: the number of positional arguments allowed. Throws a Failure with code `usage`. */
export function parseArguments(
	args: readonly string[],
	options: Options,
	words = 0,
): { given: Given; words: string[] } {
	const config: ParseArgsOptionsConfig = Object.fromEntries(
		Object.entries(options).map(([name, { help: _, ...option }]) => [name, option]),
	);
	const { values, positionals } = parsed(args, config);
	const surplus = positionals[words];
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	return { given: values as Given, words: positionals };
}

function parsed(args: readonly string[], options: ParseArgsOptionsConfig) {
	try {
		return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
	} catch (error) {
		throw usage(
			oneLine((error as Error).message)
				.replace(/\. To specify.*$/, '')
				.replace(/^Option '[^']*(--[\w-]+)[^']*' argument is ambiguous.*$/, '$1 needs a value; write $1=VALUE')
				.replace(/^\w/, (letter) => letter.toLowerCase()),
		);
	}
}

export const usage = (why: string): Failure =>
	new Failure('usage', `Cannot read the command line: ${why}`, 'See `turnout --help` or `turnout COMMAND --help`');

/** What `parse` makes of the command line, whose errors are told as of that. `option`: by which it was given. */
export function understood<T>(parse: () => T, option?: string): T {
	try {
		return parse();
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause);
		throw usage(option === undefined ? why : `--${option}: ${why}`);
	}
}

/** Undefined if the option was not given. */
export const textOf = (given: Given, name: string): string | undefined => {
	const text = given[name];
	return typeof text === 'string' ? text : undefined;
};

/** A whole number of seconds or lines; undefined if the option was not given. */
export function wholeNumber(given: Given, name: string, { least = 0, most = 999_999 } = {}): number | undefined {
	const text = given[name];
	if (text === undefined) return undefined;
	const number = typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
	if (number >= least && number <= most) return number;
	throw usage(`--${name} takes a whole number from ${least} to ${most}, not ${quote(String(text))}`);
}
