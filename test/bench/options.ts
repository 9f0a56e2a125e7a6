import { parseArgs } from 'node:util';
import { type Backend, backends } from '../support/dialects.ts';

export const sections = [
	'cold',
	'enable',
	'status',
	'latency',
	'scale',
	'live',
	'repair',
	'busy',
	'docker',
	'mesh',
	'control',
	'startup',
	'image',
	'rest',
] as const;
export type Section = (typeof sections)[number];

/** How much of it; the figures are the better the more. */
export interface BenchOptions {
	readonly runs: number;
	/** No part takes samples for longer. */
	readonly seconds: number;
	readonly connections: number;
	readonly changes: number;
	readonly faults: number;
	readonly cycles: number;
	readonly flips: number;
	readonly structure: number;
	readonly kills: number;
	readonly saves: number;
	readonly idleSeconds: number;
	readonly backends: readonly Backend[];
	readonly only: readonly Section[];
}

export const usual: BenchOptions = {
	runs: 15,
	seconds: 16,
	connections: 3_000,
	changes: 25,
	faults: 200,
	cycles: 100,
	flips: 50,
	structure: 60,
	kills: 20,
	saves: 1_000,
	idleSeconds: 60,
	backends,
	only: sections,
};

export const help = `scripts/bench: what turnout takes, beside a reference in the same run; as root, within network namespaces of its own

  --runs N           how often each command is timed (${usual.runs})
  --seconds N        how long a part may take samples, where neither --runs nor --changes is given (${usual.seconds})
  --connections N    how many connections are timed, each way (${usual.connections})
  --changes N        how many settings are changed live, each way (${usual.changes})
  --faults N         how often others undo a rule of ours (${usual.faults})
  --cycles N         how often the daemon is enabled before it is weighed (${usual.cycles})
  --flips N          how often the weights of a mesh are flipped under load (${usual.flips})
  --structure N      how often its nodes, routes and listeners change under load (${usual.structure})
  --kills N          how often its daemon is killed under load (${usual.kills})
  --saves N          how often its definitions are saved before the daemon is weighed (${usual.saves})
  --idle SECONDS     how long it is then watched doing nothing (${usual.idleSeconds})
  --only A,B         a part of it: ${sections.join(', ')}
  --json FILE        where the figures are written too (.cache/bench.json)
`;

export interface BenchArguments extends BenchOptions {
	/** '' for the usual place. */
	readonly json: string;
	readonly isHelp: boolean;
}

/** Throws with a sentence about what is wrong. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
	const { values } = parseArgs({
		args: [...args],
		options: {
			runs: { type: 'string' },
			seconds: { type: 'string' },
			connections: { type: 'string' },
			changes: { type: 'string' },
			faults: { type: 'string' },
			cycles: { type: 'string' },
			flips: { type: 'string' },
			structure: { type: 'string' },
			kills: { type: 'string' },
			saves: { type: 'string' },
			idle: { type: 'string' },
			only: { type: 'string' },
			json: { type: 'string', default: '' },
			help: { type: 'boolean', short: 'h', default: false },
		},
	});
	// Who asks for a number gets it.
	const isAsked = values.runs !== undefined || values.changes !== undefined;
	return {
		...usual,
		runs: count('runs', values.runs, usual.runs),
		seconds: count('seconds', values.seconds, isAsked ? A_DAY : usual.seconds),
		connections: count('connections', values.connections, usual.connections),
		changes: count('changes', values.changes, usual.changes),
		faults: count('faults', values.faults, usual.faults),
		cycles: count('cycles', values.cycles, usual.cycles),
		flips: count('flips', values.flips, usual.flips),
		structure: count('structure', values.structure, usual.structure),
		kills: count('kills', values.kills, usual.kills),
		saves: count('saves', values.saves, usual.saves),
		idleSeconds: count('idle', values.idle, usual.idleSeconds),
		only: parseSections(values.only),
		json: values.json,
		isHelp: values.help,
	};
}

const A_DAY = 86_400;

function count(name: string, text: string | undefined, otherwise: number): number {
	if (text === undefined) return otherwise;
	if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
	throw new Error(`--${name} is "${text}", and takes a whole number from 1`);
}

function parseSections(text: string | undefined): readonly Section[] {
	if (text === undefined) return sections;
	const names = text.split(',');
	const unknown = names.find((name) => !sections.some((section) => section === name));
	if (unknown !== undefined) throw new Error(`--only knows ${sections.join(', ')}, and not "${unknown}"`);
	return sections.filter((section) => names.includes(section));
}
