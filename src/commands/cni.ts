import { text } from 'node:stream/consumers';
import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { readConfig } from '../config/merge-sources.ts';
import type { DaemonContext } from '../daemon/daemon-context.ts';
import { type FailureCode, failureOf } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import { raiseLoopback } from '../host/netlink/loopback.ts';
import { openHost } from '../host/open-host.ts';
import { findNsenter, type Place, placeOfNetwork, restartInNetwork } from '../host/process/network-namespace.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import { version } from '../version.ts';
import { removeVerified } from './clean.ts';
import {
	type Call,
	type CniError,
	type Command,
	isCniError,
	type Members,
	parseCall,
	parseConfiguration,
	VERSIONS,
	versionOf,
} from './cni/call.ts';
import { parseNetConfig } from './cni/net-config.ts';
import { firstDifference } from './first-difference.ts';
import { interceptOnce } from './init.ts';
import { resolveContext } from './resolve-context.ts';

/** The newest, for an answer to who has not told a version. */
const NEWEST = VERSIONS.at(-1);

/** One that the specification has no code for, as the CNI project's own plugins tell it. */
const OWN_ERROR = 999;

/** What goes to standard output, if anything. */
interface Answer {
	readonly json?: object;
}

export async function cni(given: Given, { out, signal }: CommandContext): Promise<number> {
	const answer = asked(given) ?? (await answerTo(signal).catch((error) => cniErrorOf(error, signal)));
	const json = isCniError(answer) ? { cniVersion: NEWEST, ...answer } : answer.json;
	if (json !== undefined) out(`${JSON.stringify(json)}\n`);
	return isCniError(answer) ? 1 : 0;
}

/** What the ECS agent asks its plugins beside the specification, and a person at a terminal. */
function asked(given: Given): Answer | undefined {
	if (given['capabilities'] === true) return { json: {} };
	if (given['version'] === true) return { json: { version } };
	if ((process.env['CNI_COMMAND'] ?? '') !== '') return undefined;
	process.stderr.write(`CNI plugin of turnout ${version}\nCNI protocol versions supported: ${VERSIONS.join(', ')}\n`);
	return {};
}

async function answerTo(signal: AbortSignal): Promise<Answer | CniError> {
	const call = parseCall(process.env);
	if (isCniError(call)) return call;
	const { command, network } = call;
	if (command === 'VERSION') return { json: { cniVersion: NEWEST, supportedVersions: VERSIONS } };
	const place = placeOfNetwork(network);
	if (place === 'elsewhere') await restartInNetwork(network, { ...process.env, CNI_NETNS_OVERRIDE: '1' }, signal);
	const members = parseConfiguration(command, await text(process.stdin));
	if (isCniError(members)) return members;
	const request = { ...call, command, place, members };
	const answer = await carryOut(request, signal).catch((error) => cniErrorOf(error, signal));
	return isCniError(answer) ? { ...answer, cniVersion: versionOf(members) } : answer;
}

/** A call that is about a configuration. */
interface Request extends Call {
	readonly command: Exclude<Command, 'VERSION'>;
	readonly place: Place;
	readonly members: Members;
}

async function carryOut(request: Request, signal: AbortSignal): Promise<Answer | CniError> {
	switch (request.command) {
		case 'GC':
			// Nothing of ours outlives the network that it is in.
			return {};
		case 'STATUS':
			return status(signal);
		case 'DEL':
			return request.place === 'gone' ? {} : (mistakeInPlace(request) ?? remove(signal));
		case 'ADD':
		case 'CHECK':
			return addOrCheck(request, signal);
	}
}

async function addOrCheck(request: Request, signal: AbortSignal): Promise<Answer | CniError> {
	const config = parseNetConfig(request.members);
	if (isCniError(config)) return config;
	const mistake = mistakeInPlace(request);
	if (mistake !== undefined) return mistake;
	const loaded = readConfig({ env: {}, file: config.settings, flags: {} });
	const host = await openHost(backends, signal);
	const context = await resolveContext(host, loaded, undefined, signal);
	if (request.command === 'CHECK') return check(context, signal);
	await raiseLoopback();
	const report = await interceptOnce(host, context, signal);
	for (const notice of [...loaded.notices, ...report.notices]) process.stderr.write(`turnout: ${notice}\n`);
	return { json: { ...config.previous, cniVersion: versionOf(request.members) } };
}

/** With this code the CNI project's own plugins refuse the caller's network, which is the host's. */
function mistakeInPlace({ network, mayBeOwn, place }: Request): CniError | undefined {
	if (place === 'gone') return { code: 8, msg: `open ${network}: no such network namespace` };
	if (mayBeOwn) return undefined;
	return { code: 8, msg: "plugin's netns and netns from CNI_NETNS should not be the same" };
}

async function check(context: DaemonContext, signal: AbortSignal): Promise<Answer | CniError> {
	const { target } = await computeDesired(context);
	const difference = await firstDifference(context.host, target, signal);
	if (difference === undefined) return {};
	return { code: OWN_ERROR, msg: 'the rules are not as ADD has made them', details: difference };
}

async function remove(signal: AbortSignal): Promise<Answer> {
	await removeVerified(await openHost(backends, signal), signal);
	return {};
}

/** 50: ADD would fail. */
async function status(signal: AbortSignal): Promise<Answer | CniError> {
	try {
		findNsenter();
		await openHost(backends, signal);
		return {};
	} catch (error) {
		return { ...cniErrorOf(error, signal), code: 50 };
	}
}

/** 7: the configuration is wrong. 11: it may work later. */
const codes: { readonly [code in FailureCode]?: number } = { config: 7, interrupted: 11, resources: 11 };

function cniErrorOf(error: unknown, signal: AbortSignal): CniError {
	if (signal.aborted) return { code: 11, msg: `ended by ${signal.reason}` };
	const { code, message, remedy } = failureOf(error);
	return { code: codes[code] ?? OWN_ERROR, msg: message, details: remedy };
}
