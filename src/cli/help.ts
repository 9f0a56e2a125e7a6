import type { Options } from './arguments.ts';

export interface Described {
	readonly summary: string;
	readonly options: Options;
	/** What its first word may be, for completion. */
	readonly verbs?: readonly string[];
}

/** The text of `turnout --help`: one line per command. */
export function helpText(commands: Readonly<Record<string, Described>>): string {
	return [
		"turnout sends this host's TCP traffic through Envoy.\n\nUsage: turnout COMMAND [OPTION ...]\n\n",
		commandLines(commands),
		'\nEvery command has --help; everything that prints a result has --json.\n',
		'Exit codes: 0 success, 1 failed or not in the desired state, 2 differences found, 3 no daemon, 64 wrong usage.\n',
	].join('');
}

export function commandLines(commands: Readonly<Record<string, Pick<Described, 'summary'>>>): string {
	const width = Math.max(...Object.keys(commands).map((name) => name.length));
	return Object.entries(commands)
		.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`)
		.join('');
}

export function commandHelp(name: string, { summary, options }: Described): string {
	const lines = Object.entries(options).map(([option, { type, short, help }]) => {
		const shown = `${short === undefined ? '' : `-${short}, `}--${option}${type === 'string' ? ' …' : ''}`;
		return `  ${shown}\n      ${help}\n`;
	});
	return [`turnout ${name}: ${summary}\n`, ...(lines.length > 0 ? ['\nOptions:\n', ...lines] : [])].join('');
}
