import { escapeControls } from '../lib/escape.ts';
import type { ConfigReply, DiffReply } from '../localapi/protocol.ts';
import type { Status } from '../status/types.ts';

type Row = readonly [string, string];

/** Replies of the daemon as text for people. This is `turnout status`. */
export function statusText(status: Status): string {
	const { envoy, backend, counters } = status;
	const wanted = status.is === status.wanted ? '' : `, wanted: ${status.wanted}`;
	const rows: readonly Row[] = [
		['interception', `${status.is}${wanted} since ${timeText(status.since)}`],
		['backend', `${backend.name} (${backend.why}), ${status.families.join(' and ')}`],
		['envoy', envoyText(envoy)],
		...listenersRow(envoy),
		...meshRow(status),
		[
			'connections',
			`${counters.ingress.connections} in, ${counters.egress.connections} out, ${counters.egress.direct} direct`,
		],
		...bypassingRow(status),
		...confirmRow(status),
		...repairsRow(status.repairs),
		...othersRow(status),
	];
	return [
		...rows.map(([name, value]) => escapeControls(`${name.padEnd(13)} ${value}\n`)),
		...status.conditions.map(conditionText),
	].join('');
}

function envoyText({ state, version, id, image, since, restarts, lastExit }: Status['envoy']): string {
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
	return [['confirm', `until ${timeText(confirmUntil)} with \`turnout confirm\`; rolled back after that`]];
}

function repairsRow({ count, last }: Status['repairs']): readonly Row[] {
	if (last === undefined) return [];
	const by = last.by === undefined ? '' : `, by ${last.by}`;
	return [['repairs', `${count}, the last ${timeText(last.at)} in ${last.ms} ms${by}: ${last.what}`]];
}

function othersRow({ others = [] }: Status): readonly Row[] {
	if (others.length === 0) return [];
	return [['others', others.map(({ name, tools }) => `${name} (${tools.join(', ')})`).join('; ')]];
}

function listenersRow({ listeners }: Status['envoy']): readonly Row[] {
	return listeners === undefined ? [] : [['listeners', listeners.join(', ')]];
}

function meshRow({ mesh, conditions }: Status): readonly Row[] {
	if (mesh === undefined) return [];
	const isInForce = !conditions.some(({ subject, ok }) => subject === 'mesh' && !ok);
	const held = isInForce ? '' : '; what is defined now is not in force';
	return [['mesh', `${mesh.node}, ${acceptedText(mesh)}${held}`]];
}

function acceptedText({ connected, settled, acceptedAt }: NonNullable<Status['mesh']>): string {
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

const conditionText = (condition: Status['conditions'][number]): string =>
	condition.ok
		? markedText('ok', condition.subject)
		: markedText('!!', `${condition.subject}: ${condition.why}`, condition.remedy);

/** A line about one part of the host, and the remedy below it. */
export const markedText = (mark: 'ok' | '?' | '!' | '!!', text: string, remedy = ''): string =>
	escapeControls(`  ${mark.padEnd(2)}  ${text}\n${remedy === '' ? '' : `      ${remedy}\n`}`);

const timeText = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

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
