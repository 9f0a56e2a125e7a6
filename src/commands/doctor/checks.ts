import { conntrackFindings } from '../../doctor/conntrack-check.ts';
import { findingOf } from '../../doctor/finding.ts';
import { settingsFindings } from '../../doctor/settings-check.ts';
import { failureOf } from '../../failure.ts';
import { readConntrackUsage } from '../../host/conntrack/usage.ts';
import { readKernelFacts } from '../../host/facts.ts';
import { readText } from '../../host/sockets/procfs.ts';
import { cookiesFact } from '../../status/port-condition.ts';
import type { Check, Examination } from './examination.ts';

/** In the order in which they are told. */
export const checks: readonly Check[] = [
	{ names: ['settings'], run: checkSettings },
	{
		names: ['conntrack'],
		run: async () => conntrackFindings({ usage: readConntrackUsage(), isLoose: readText(LOOSE).trim() !== '0' }),
	},
	{ names: ['syncookies'], run: async () => [findingOf(cookiesFact(readKernelFacts().hasOnlyCookies === true))] },
];

const LOOSE = '/proc/sys/net/netfilter/nf_conntrack_tcp_loose';

async function checkSettings({ written, daemon }: Examination) {
	const isRunning = await daemon().then(
		() => true,
		() => false,
	);
	return written().then(
		({ notices }) => settingsFindings({ isRunning, mistakes: [], notices }),
		(error) => settingsFindings({ isRunning, mistakes: mistakesIn(failureOf(error).message), notices: [] }),
	);
}

/** Of `Cannot use the settings`, each on a line of its own. */
function mistakesIn(message: string): readonly string[] {
	const [first = '', ...mistakes] = message.split('\n  ');
	return mistakes.length === 0 ? [first] : mistakes;
}
