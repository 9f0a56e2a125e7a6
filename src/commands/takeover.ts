import { type Given, wholeNumber } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { statusText, warningText } from '../cli/text.ts';
import { exitCodeOf } from '../cli/wait.ts';
import { socketOf } from '../config/quick-lookup.ts';
import { Failure } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import { type Predecessor, readPredecessor } from '../firewall/foreign/predecessor.ts';
import { recognise } from '../firewall/foreign/recognise.ts';
import { removalCommands } from '../firewall/foreign/removal-commands.ts';
import { type OpenHost, openHost } from '../host/open-host.ts';
import { runningScripts } from '../host/process/neighbour.ts';
import { createClient } from '../localapi/client.ts';
import type { Client } from '../localapi/protocol.ts';
import { LONGEST_CONFIRM_SECONDS } from '../localapi/validate.ts';
import type { Status } from '../status/types.ts';
import { leftRouting, removingRouting, routingLine } from './takeover/left-routing.ts';
import { type OtherInterceptors, proposalText, proposedSettings } from './takeover/proposal.ts';
import { unlike } from './takeover/unlike.ts';

interface Found {
	/** What people call whoever made the rules. */
	readonly name: string;
	/** Undefined where nobody redirects with the 2019 script's chains. */
	readonly predecessor: Predecessor | undefined;
	readonly others: readonly OtherInterceptors[];
}

export async function takeover(given: Given, terminal: CommandContext): Promise<number> {
	const confirmSeconds = wholeNumber(given, 'confirm', { least: 1, most: LONGEST_CONFIRM_SECONDS });
	const host = await openHost(backends, terminal.signal);
	const found = await find(host);
	if (given['dry-run'] === true) return show(found, terminal);
	const client = createClient(socketOf(given));
	const before = await client.status({});
	if (before.confirmUntil !== undefined) throw unconfirmed();
	if (found.predecessor === undefined) return finish(host, client, before, terminal);
	await refuseUnlike(found.predecessor, client, found.name);
	const left = confirmSeconds === undefined ? await leftRouting(host.routing) : [];
	const request = { ...(confirmSeconds === undefined ? {} : { confirmSeconds }), ...(await terminal.sessions()) };
	const status = await removingRouting(host.routing, left, () => client.enable(request));
	const later =
		confirmSeconds === undefined
			? []
			: ['Its policy rule and route stay: after `turnout confirm`, `turnout takeover` removes them'];
	const said = [takenText(found.name, status), ...left.map(removedText), ...later, ...runningText()];
	return report(status, said, terminal);
}

async function find(host: OpenHost): Promise<Found> {
	const rules = await host.createForeignRulesReader().read({ now: true });
	const known = recognise(rules).map(({ program }) => program);
	return {
		name: known.find(({ isPredecessor }) => isPredecessor === true)?.name ?? 'the 2019 script',
		predecessor: readPredecessor(rules.texts),
		others: known
			.filter(({ isInterceptor, isPredecessor }) => isInterceptor === true && isPredecessor !== true)
			.map((program) => ({ name: program.name, commands: removalCommands(rules, program) })),
	};
}

function show({ name, predecessor, others }: Found, { out, isJson }: CommandContext): number {
	const settings = predecessor === undefined ? {} : Object.fromEntries(proposedSettings(predecessor));
	const json = { of: predecessor === undefined ? null : name, settings, unread: predecessor?.unread ?? [], others };
	out(isJson ? `${JSON.stringify(json)}\n` : proposalText(name, predecessor, others));
	return 0;
}

/** Rules that nobody needs any more are there no longer; what else the script has added may be. */
async function finish(host: OpenHost, client: Client, before: Status, terminal: CommandContext): Promise<number> {
	const left = await leftRouting(host.routing);
	if (before.wanted !== 'enabled') {
		const remedy = left.length === 0 ? '' : '; `turnout clean --route-manager` removes what it has left';
		return report(before, [`The 2019 script captures nothing here: there is nothing to take over${remedy}`], terminal);
	}
	const status = left.length === 0 ? before : await removingRouting(host.routing, left, () => client.enable({}));
	const said = left.length === 0 ? ['Nothing of the 2019 script is left'] : left.map(removedText);
	return report(status, [...said, ...runningText()], terminal);
}

async function refuseUnlike(predecessor: Predecessor, client: Client, name: string): Promise<void> {
	const { settings } = await client.config({});
	const found = [
		...unlike(predecessor, new Map(settings.map(({ key, value }) => [key, value]))),
		...predecessor.unread.map((rule) => `no setting says what this rule does: ${rule}`),
	];
	if (found.length === 0) return;
	throw new Failure(
		'config',
		`Cannot take over from ${name}, as the daemon's settings capture differently: ${found.join('; ')}`,
		'Write what `turnout takeover --dry-run` prints to /etc/turnout/turnout.yaml, then turnout reload; or turnout enable, if the difference is meant',
	);
}

const unconfirmed = (): Failure =>
	new Failure(
		'confirm',
		'Cannot take over: an earlier change waits for its confirmation',
		'turnout confirm, or turnout revert',
	);

const takenText = (name: string, { is }: Status): string =>
	is === 'waiting'
		? `The rules of ${name} stay until Envoy is LIVE; then turnout's take their place`
		: `The rules of ${name} are replaced by turnout's, without a gap`;

const removedText = (step: Parameters<typeof routingLine>[0]): string => `Removed: ${routingLine(step)}`;

const runningText = (): string[] => {
	const pids = runningScripts();
	if (pids.length === 0) return [];
	return [
		`The script still runs (pid ${pids.join(', ')}): end it with \`quit\`; its \`disable\` flushes the rules of all programs`,
	];
};

function report(status: Status, lines: readonly string[], terminal: CommandContext): number {
	const { out, isJson } = terminal;
	const text = lines.map((line) => `${line}\n`).join('');
	out(
		isJson ? `${JSON.stringify({ done: lines, status })}\n` : text + warningText(status) + statusText(status, terminal),
	);
	return exitCodeOf(status);
}
