import { escapeControls } from '../lib/escape.ts';
import { type LogEvent, logText } from '../lib/log-event.ts';
import type { ConfigReply, DiffReply } from '../localapi/protocol.ts';
import type { Status } from '../status/types.ts';
import { momentText } from './moment.ts';
import { type Paint, plain } from './paint.ts';

type Row = readonly [string, string];

export interface View {
	readonly paint: Paint;
	readonly nowMs: number;
}

/** Replies of the daemon as text for people. This is `turnout status`. */
export function statusText(status: Status, view: Partial<View> = {}): string {
	const { paint = plain, nowMs = Date.now() } = view;
	const { envoy, backend, counters } = status;
	const timeText = (time: string) => momentText(time, nowMs);
	const wanted = status.is === status.wanted ? '' : `, wanted: ${status.wanted}`;
	const rows: readonly Row[] = [
		['interception', `${status.is}${wanted} since ${timeText(status.since)}`],
		['backend', `${backend.name} (${backend.why}), ${status.families.join(' and ')}`],
		['envoy', envoyText(envoy, timeText)],
		...listenersRow(envoy),
		...meshRow(status, timeText),
		[
			'connections',
			`${counters.ingress.connections} in, ${counters.egress.connections} out, ${counters.egress.direct} direct`,
		],
		...unitsRow(status),
		...bypassingRow(status),
		...confirmRow(status),
		...repairsRow(status.repairs, timeText),
		...othersRow(status),
	];
	return [
		...rows.map(([name, value]) => escapeControls(`${name.padEnd(13)} ${value}\n`)),
		...status.conditions.map((condition) => conditionText(condition, paint)),
	].join('');
}

type TimeText = (time: string) => string;

function envoyText(envoy: Status['envoy'], timeText: TimeText): string {
	const { state, version, id, image, since, restarts, lastExit } = envoy;
	const about = [version, id, image].filter((part) => part !== undefined && part !== '').join(', ');
	const past = [
		since === undefined ? '' : ` since ${timeText(since)}`,
		restarts === 0 ? '' : `, restarted ${restarts === 1 ? 'once' : `${restarts} times`}`,
		lastExit === undefined ? '' : `, the last instance ${lastExit}`,
	];
	return escapeControls(`${state}${about === '' ? '' : ` (${about})`}${past.join('')}`);
}

function confirmRow({ confirmUntil }: Status): readonly Row[] {
	if (confirmUntil === undefined) return [];
	return [
		[
			'confirm',
			`until ${confirmUntil.slice(0, 10)} ${confirmUntil.slice(11, 19)} UTC with \`turnout confirm\`; rolled back after that`,
		],
	];
}

function repairsRow({ count, last }: Status['repairs'], timeText: TimeText): readonly Row[] {
	if (last === undefined) return [];
	const by = last.by === undefined ? '' : `, by ${last.by}`;
	return [['repairs', `${count}, the last ${timeText(last.at)} in ${last.ms} ms${by}: ${last.what}`]];
}

function othersRow({ others = [] }: Status): readonly Row[] {
	if (others.length === 0) return [];
	return [['others', others.map(({ name, tools }) => `${name} (${tools.join(', ')})`).join('; ')]];
}

/** Those of a preset that do not run are many and no matter. */
function unitsRow({ units = [] }: Status): readonly Row[] {
	if (units.length === 0) return [];
	const running = units.filter(({ isThere }) => isThere).map(({ unit }) => unit);
	const absent = units.length - running.length;
	const others = absent === 0 ? '' : `, ${absent} not running`;
	return [['units', `${running.length === 0 ? 'none' : running.join(', ')}${others}`]];
}

function listenersRow({ listeners }: Status['envoy']): readonly Row[] {
	return listeners === undefined ? [] : [['listeners', listeners.join(', ')]];
}

function meshRow({ mesh, conditions }: Status, timeText: TimeText): readonly Row[] {
	if (mesh === undefined) return [];
	const isInForce = !conditions.some(({ subject, ok }) => subject === 'mesh' && !ok);
	const held = isInForce ? '' : `; what is defined now is not ${mesh.followed ? 'in force' : 'known'}`;
	const notes = (mesh.notes ?? []).map((note): Row => ['', note]);
	return [['mesh', `${mesh.node}, ${acceptedText(mesh, timeText)}${held}`], ...notes];
}

function acceptedText(mesh: NonNullable<Status['mesh']>, timeText: TimeText): string {
	const { connected, settled, acceptedAt } = mesh;
	if (connected === 0) return 'and no Envoy asks for it';
	if (settled === 0) return 'not accepted yet';
	if (settled < connected) return `accepted by ${settled} of ${connected} Envoys`;
	const all = connected === 1 ? '' : ` by ${connected} Envoys`;
	return `accepted${all}${acceptedAt === undefined ? '' : ` since ${timeText(acceptedAt)}`}`;
}

function bypassingRow({ bypassing }: Status): readonly (readonly [string, string])[] {
	if (bypassing === 0) return [];
	const them = bypassing === 1 ? 'it' : 'them';
	return [['bypassing', `${bypassing} opened before; \`turnout enable --cut-existing\` ends ${them}`]];
}

/** Warning for users who are logged in over SSH. */
export const warningText = ({ warning }: Pick<Status, 'warning'>): string =>
	warning === undefined ? '' : escapeControls(`${warning}\n`);

/** The result of `enable --cut-existing`. */
export function cutText({ cut }: Status): string {
	if (cut === undefined) return 'No connection was ended: Envoy does not listen yet\n';
	const left = cut.left === 0 ? '' : `, ${cut.left} left open`;
	const why = cut.unheard === 0 ? '' : ` (${cut.unheard} because Envoy does not listen where they would arrive)`;
	return `${cut.ended === 1 ? '1 connection was' : `${cut.ended} connections were`} ended${left}${why}\n`;
}

const conditionText = (condition: Status['conditions'][number], paint: Paint): string =>
	condition.ok
		? markedText('ok', condition.subject, '', paint)
		: markedText('!!', `${condition.subject}: ${condition.why}`, condition.remedy, paint);

const colours = { ok: 'green', '?': 'yellow', '!': 'yellow', '!!': 'red' } as const;

/** A line about one part of the host, and the remedy below it. */
export const markedText = (mark: keyof typeof colours, text: string, remedy: string, paint: Paint): string =>
	`  ${paint(colours[mark], mark)}${' '.repeat(2 - mark.length)}  ${escapeControls(`${text}\n${remedy === '' ? '' : `      ${remedy}\n`}`)}`;

/** An event for people, without the end of its line. `line`: one JSON object, as the daemon keeps it. */
export function eventText(line: string, paint: Paint): string {
	const { time, level, event, ...fields } = JSON.parse(line) as Omit<LogEvent, 'fields'>;
	const text = `${time.slice(0, 10)} ${logText({ time, level, event, fields }).trimEnd()}`;
	return level === 'error' ? paint('red', text) : level === 'warn' ? paint('yellow', text) : text;
}

export function differencesText({ differences }: DiffReply): string {
	if (differences.length === 0) return 'The host is in the desired state\n';
	const sign = { missing: '+', surplus: '-', misplaced: '~' };
	return differences
		.map(({ family, kind, table, line }) => escapeControls(`${sign[kind]} ${family} ${table}: ${line}\n`))
		.join('');
}

export function configText({ settings, presets, notices }: ConfigReply): string {
	const widthOf = (column: (row: ConfigReply['settings'][number]) => string) =>
		Math.min(40, Math.max(...settings.map((row) => column(row).length)));
	const keyWidth = widthOf(({ key }) => key);
	const valueWidth = widthOf(({ value }) => value);
	const lines = settings.map(({ key, value, origin }) => {
		return escapeControls(
			`${key.padEnd(keyWidth)}  ${(value === '' ? '(none)' : value).padEnd(valueWidth)}  ${origin}\n`,
		);
	});
	const added = presets.map(({ preset, key, value }) => `${preset} adds to ${key}: ${value}\n`);
	return [...lines, ...added, ...notices.map((notice) => `${notice}\n`)].join('');
}

/** The connections left at the end of a drain. */
export function openText(open: number | undefined): string {
	if (open === undefined) return '';
	if (open === 0) return 'All connections through Envoy have ended\n';
	return open === 1
		? '1 connection through Envoy is still open\n'
		: `${open} connections through Envoy are still open\n`;
}
