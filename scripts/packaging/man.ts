// turnout(8) and turnout.yaml(5), as roff. `date`: YYYY-MM-DD.
import { allSettings, flagOf } from '../../src/config/names.ts';
import type { ShownCommand, ShownOption } from './described.ts';

interface About {
	readonly version: string;
	readonly date: string;
}

const files: readonly (readonly [path: string, what: string])[] = [
	['/etc/turnout/turnout.yaml', 'Settings: turnout.yaml(5)'],
	['/etc/turnout/environment', 'Variables for the service: turnout, Envoy, proxies, AWS'],
	['/etc/turnout/mesh', 'App Mesh definitions'],
	['/run/turnout/control.sock', "The daemon's socket, for root and the group turnout"],
	['/var/lib/turnout', 'State that survives restarts'],
];

const codes: readonly (readonly [code: string, what: string])[] = [
	['0', 'Success'],
	['1', 'Failed, or not in the desired state'],
	['2', 'Differences were found'],
	['3', 'The daemon is not running'],
	['64', 'Wrong usage'],
];

export function commandPage(commands: readonly ShownCommand[], about: About): string {
	return [
		head('turnout', 8, about),
		section('NAME', "turnout \\- sends a host's TCP traffic through Envoy\n"),
		section('SYNOPSIS', '.B turnout\n.I COMMAND\n[\\fIOPTION\\fR ...]\n'),
		section(
			'DESCRIPTION',
			text(
				"turnout sends a Linux host's TCP connections through an Envoy on the same host: outbound connections of its programs, and inbound connections to its application's ports. It does so with firewall rules of its own, changes them without dropping connections, and removes them completely.",
			),
		),
		section('COMMANDS', commands.map(commandEntry).join('')),
		section('EXIT STATUS', codes.map(([code, what]) => term(code, text(what))).join('')),
		section('FILES', files.map(([path, what]) => term(path, text(what))).join('')),
		section('SEE ALSO', '.BR turnout.yaml (5),\n.BR systemctl (1),\n.BR iptables (8),\n.BR nft (8)\n'),
	].join('');
}

function commandEntry({ name, summary, verbs, takesSettings, options }: ShownCommand): string {
	const own = options.filter(({ isSetting, name: option }) => !(takesSettings && isSetting) && option !== 'help');
	const settings = takesSettings ? '.PP\nEvery setting is an option, too: see turnout.yaml(5).\n' : '';
	const title = [name, ...(verbs.length > 0 ? [`[${verbs.join(' | ')}]`] : [])].join(' ');
	return [`.SS turnout ${escaped(title)}\n`, text(summary), settings, ...own.map(optionEntry)].join('');
}

function optionEntry({ name, short, value, help }: ShownOption): string {
	const [, what = '', said = help] = /^([A-Z]+(?:=[A-Z]+,…)?): (.*)$/.exec(help) ?? [];
	const shown = `${short === undefined ? '' : `-${short}, `}--${name}`;
	return term(value === 'nothing' ? shown : `${shown} ${what === '' ? 'VALUE' : what}`, text(said));
}

export function settingsPage(about: About): string {
	const entries = [...allSettings].map(([key, { doc, allowed, variable, default: standard }]) =>
		term(
			key,
			[
				text(doc),
				'.br\n',
				text(`Allowed: ${allowed}. Default: ${standard === '' ? 'none' : standard}.`),
				'.br\n',
				text(`Variable ${variable}, option --${flagOf(key)}.`),
			].join(''),
		),
	);
	return [
		head('turnout.yaml', 5, about),
		section('NAME', 'turnout.yaml \\- settings of turnout\n'),
		section('SYNOPSIS', '.I /etc/turnout/turnout.yaml\n'),
		section(
			'DESCRIPTION',
			text(
				'YAML; a name with a dot is a key of a section, such as runtime of envoy. An option comes before a variable, a variable before this file. A list is written 8080,9000-9100, here also as a YAML list; set but empty means none. All mistakes are told at once by: turnout config check FILE. After a change: turnout reload.',
			),
		),
		section('SETTINGS', entries.join('')),
		section('EXAMPLE', '.EX\nappPorts: 8080\nenvoy:\n  runtime: docker\n  image: envoyproxy/envoy:v1.40.0\n.EE\n'),
		section('SEE ALSO', '.BR turnout (8)\n'),
	].join('');
}

const head = (name: string, part: number, { version, date }: About): string =>
	`.TH ${name.toUpperCase()} ${part} ${date} "turnout ${version}"\n`;
const section = (title: string, body: string): string => `.SH ${title}\n${body}`;
const term = (title: string, body: string): string => `.TP\n.B ${escaped(title)}\n${body}`;
const text = (line: string): string => `${escaped(line)}\n`;

/** A line that begins with a dot or a quote would be a request; one without a blank may break after a comma. */
const escaped = (line: string): string =>
	line
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll('…', '...')
		.replaceAll(/,(?=\S)/g, ',\\:')
		.replace(/^[.']/, '\\&$&');
