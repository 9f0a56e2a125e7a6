import { clockFindings } from '../../doctor/clock-check.ts';
import { conntrackFindings } from '../../doctor/conntrack-check.ts';
import { diskFindings } from '../../doctor/disk-check.ts';
import { type Finding, findingOf } from '../../doctor/finding.ts';
import { reversePathFindings } from '../../doctor/reverse-path-check.ts';
import { settingsFindings } from '../../doctor/settings-check.ts';
import { stateFindings } from '../../doctor/state-check.ts';
import { usersFindings } from '../../doctor/users-check.ts';
import { failureOf } from '../../failure.ts';
import { readClock } from '../../host/clock-facts.ts';
import { readConntrackUsage } from '../../host/conntrack/usage.ts';
import { readDiskSpace } from '../../host/files/disk-space.ts';
import { readStateFacts } from '../../host/files/state-facts.ts';
import { readText } from '../../host/sockets/procfs.ts';
import { readKernelFacts, readValidatesMark } from '../../host/sysctls.ts';
import { keepsClient } from '../../ruleset/keep-client.ts';
import { cookiesFact } from '../../status/port-condition.ts';
import type { Check, Examination } from './examination.ts';
import { listenerChecks } from './listener-checks.ts';
import { programChecks } from './program-checks.ts';
import { ruleChecks } from './rule-checks.ts';

/** In the order in which they are told. */
export const checks: readonly Check[] = [
	{ names: ['settings'], run: checkSettings },
	{ names: ['users'], run: checkUsers },
	...programChecks,
	...ruleChecks,
	...listenerChecks,
	{
		names: ['reverse-path'],
		run: async ({ whole }) => {
			const isKept = keepsClient((await whole()).config);
			return reversePathFindings({ keepsClient: isKept, validatesMark: readValidatesMark() });
		},
	},
	{
		names: ['conntrack'],
		run: async () => conntrackFindings({ usage: readConntrackUsage(), isLoose: readText(LOOSE).trim() !== '0' }),
	},
	{ names: ['syncookies'], run: async () => [findingOf(cookiesFact(readKernelFacts().hasOnlyCookies === true))] },
	// All that only a mesh needs is loaded with these.
	{ names: ['mesh', 'names'], run: async (of) => (await import('./mesh-checks.ts')).checkDefinitions(of) },
	{ names: ['certificates'], run: async (of) => (await import('./mesh-checks.ts')).checkCertificates(of) },
	{ names: ['clock'], run: async () => clockFindings(readClock()) },
	{
		names: ['disk'],
		run: async (of) => {
			const { stateDirectory } = (await of.settings()).config;
			return diskFindings({ ...readDiskSpace(stateDirectory), isRunning: await isRunning(of) });
		},
	},
	{
		names: ['state'],
		run: async ({ settings }) => stateFindings(readStateFacts((await settings()).config.stateDirectory)),
	},
];

const LOOSE = '/proc/sys/net/netfilter/nf_conntrack_tcp_loose';

const isRunning = ({ daemon }: Examination): Promise<boolean> =>
	daemon().then(
		() => true,
		() => false,
	);

async function checkSettings(of: Examination): Promise<readonly Finding[]> {
	const daemon = { isRunning: await isRunning(of) };
	return of.written().then(
		({ notices }) => settingsFindings({ ...daemon, mistakes: [], notices }),
		(error) => {
			const { message, cause } = failureOf(error);
			if ((cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES') throw error;
			return settingsFindings({ ...daemon, mistakes: linesOf(message), notices: [] });
		},
	);
}

async function checkUsers({ whole, capture }: Examination): Promise<readonly Finding[]> {
	await whole();
	return capture().then(
		() => usersFindings([], ''),
		(error) => {
			const { message, remedy } = failureOf(error);
			return usersFindings(linesOf(message), remedy);
		},
	);
}

/** Mistakes are on a line each, below what they are about. */
function linesOf(message: string): readonly string[] {
	const [first = '', ...lines] = message.split('\n  ');
	return lines.length === 0 ? [first] : lines;
}
