// What bash, zsh and fish complete after `turnout`.
import type { ShownCommand, ShownOption } from './described.ts';

type Commands = readonly ShownCommand[];

export function bashCompletion(commands: Commands): string {
	const values = commands.flatMap(({ name, options }) =>
		options.flatMap(({ name: option, value }) => (value === 'nothing' ? [] : [{ at: `${name}:--${option}`, value }])),
	);
	const afterOption = [...Map.groupBy(values, ({ value }) => String(value)).values()].map(
		(alike) => `\t\t${alike.map(({ at }) => at).join(' | ')}) ${bashValue(alike[0]?.value ?? 'text')} ;;\n`,
	);
	const known = commands.map(({ name, verbs, options, takesFiles }) => {
		const words = options.map((option) => `--${option.name}`).join(' ');
		return `\t${name}) options='${words}' verbs='${verbs.join(' ')}' files=${takesFiles ? 'default' : ''} ;;\n`;
	});
	return `# bash completion for turnout
_turnout() {
	local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
	local words= options= verbs= files=
	COMPREPLY=()
	case $command in
${known.join('')}	esac
	if ((COMP_CWORD == 1)); then
		words='${['--help', ...commands.map(({ name }) => name)].join(' ')}'
	else
		case $command:$before in
${afterOption.join('')}		*)
			if [[ $word == -* || -z $verbs ]]; then
				words=$options
			elif ((COMP_CWORD == 2)); then
				words=$verbs
			elif [[ -n $files ]]; then
				compopt -o default
			fi
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _turnout turnout
`;
}

function bashValue(value: ShownOption['value']): string {
	if (value === 'file') return 'compopt -o default';
	return typeof value === 'string' ? ':' : `words='${value.join(' ')}'`;
}

export function zshCompletion(commands: Commands): string {
	const names = commands.map(({ name, summary }) => `\t\t\t${quoted(`${name}:${summary}`)}\n`);
	const cases = commands.map(({ name, options, verbs, takesFiles }) => {
		const first = verbs.length > 0 ? [`'1:what:(${verbs.join(' ')})'`] : [];
		const specs = [...options.map(zshOption), ...first, ...(takesFiles ? [`'*:file:_files'`] : [])];
		return `\t\t${name})\n\t\t\t_arguments${specs.map((spec) => ` \\\n\t\t\t\t${spec}`).join('')}\n\t\t\t;;\n`;
	});
	return `#compdef turnout
local context state state_descr line
typeset -A opt_args
_arguments -C '1:command:->command' '*::argument:->argument'
case $state in
command)
	local -a commands=(
${names.join('')}	)
	_describe command commands
	;;
argument)
	case $words[1] in
${cases.join('')}	esac
	;;
esac
`;
}

function zshOption({ name, help, value, short }: ShownOption): string {
	const [what = ''] = /^[A-Z]+(?=: )/.exec(help) ?? [name];
	const action = { nothing: '', text: `:${what}: `, file: `:${what}:_files` };
	const takes = typeof value === 'string' ? action[value] : `:${what}:(${value.join(' ')})`;
	const described = `[${help.replace(/^[A-Z]+: /, '').replaceAll(/[[\]\\:]/g, '\\$&')}]${takes}`;
	return short === undefined
		? quoted(`--${name}${described}`)
		: `'(-${short} --${name})'{-${short},--${name}}${quoted(described)}`;
}

export function fishCompletion(commands: Commands): string {
	const noneYet = "-n '__fish_use_subcommand'";
	const first = commands.map(
		({ name, summary }) => `complete -c turnout ${noneYet} -a ${name} -d ${quotedForFish(summary)}\n`,
	);
	const rest = commands.flatMap(({ name, options, verbs, takesFiles }) => {
		const here = `complete -c turnout -n '__fish_seen_subcommand_from ${name}'`;
		const verb = `__fish_seen_subcommand_from ${verbs.join(' ')}`;
		const word = verbs.length > 0 ? [`${here.slice(0, -1)}; and not ${verb}' -a '${verbs.join(' ')}'\n`] : [];
		const then = takesFiles ? [`${here.slice(0, -1)}; and ${verb}' -F\n`] : [];
		return [...word, ...then, ...options.map((option) => `${here} ${fishOption(option)}\n`)];
	});
	return ['# fish completion for turnout\ncomplete -c turnout -f\n', ...first, ...rest].join('');
}

function fishOption({ name, short, help, value }: ShownOption): string {
	const takes = { nothing: '', text: ' -x', file: ' -r -F' };
	const argument = typeof value === 'string' ? takes[value] : ` -x -a '${value.join(' ')}'`;
	return `${short === undefined ? '' : `-s ${short} `}-l ${name}${argument} -d ${quotedForFish(help)}`;
}

/** As a POSIX shell and zsh read it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const quotedForFish = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
