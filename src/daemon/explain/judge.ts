import type { RulesByFamily } from '../../firewall/firewall.ts';
import type { DecidingSetting, Judgement, Recipient } from '../../localapi/explained.ts';
import type { Capture } from '../../ruleset/capture.ts';
import { createTracer, type Decision, type TracedRuleset } from '../../ruleset/trace.ts';
import type { Family } from '../../values/units.ts';
import type { Asked } from './asked.ts';

/** What should hold on the host, and why. */
export interface Wanted {
	readonly capture: Capture;
	/** Those captured. */
	readonly families: readonly Family[];
	readonly rules: RulesByFamily;
	/** '' where IPv6 is captured, or there is none. */
	readonly ipv6BypassReason: string;
	/** Undefined for what is no setting, but a fact of the host. */
	readonly settingOf: (key: string) => DecidingSetting | undefined;
}

/** By the settings. */
export function judgeBySettings(asked: Asked, wanted: Wanted): Judgement {
	const { family } = asked;
	const decision = decide(wanted.rules[family], asked);
	const because = decision.rule ?? decision.otherwise ?? whyNotEntered(asked, wanted);
	const setting = because.setting === undefined ? undefined : wanted.settingOf(because.setting);
	return judgementOf(asked, decision, wanted.capture, {
		because: because.because ?? '',
		...(setting === undefined ? {} : { setting }),
	});
}

/** By what is installed. */
export function judgeByKernel(asked: Asked, installed: TracedRuleset, { capture }: Wanted): Judgement {
	const decision = decide(installed, asked);
	const { rule } = decision;
	const unread = rule?.unread === undefined ? '' : ` (not understood: ${rule.unread})`;
	return judgementOf(asked, decision, capture, { because: `${rule?.because ?? noRule(installed)}${unread}` });
}

const noRule = (installed: TracedRuleset): string =>
	installed.length === 0 ? 'no rule of turnout is installed' : 'no rule of turnout takes it';

const decide = (ruleset: TracedRuleset, { family, way, attempt }: Asked): Decision =>
	createTracer(ruleset, family)(way === 'out' ? 'OUTPUT' : 'PREROUTING', attempt);

function judgementOf(
	asked: Asked,
	{ outcome, chains }: Decision,
	capture: Capture,
	why: Pick<Judgement, 'because' | 'setting'>,
): Judgement {
	if (typeof outcome === 'number') return { answer: listenerOn(outcome, capture), port: outcome, ...why, chains };
	return { answer: outcome === 'direct' ? whoeverIsThere(asked) : outcome, ...why, chains };
}

const whoeverIsThere = ({ attempt }: Asked): Recipient => (attempt.isToHere ? 'app' : 'direct');

function listenerOn(port: number, { ingressPort, egressPort }: Capture): Recipient {
	if (port === egressPort) return 'egress listener';
	return port === ingressPort ? 'ingress listener' : 'another port';
}

interface Why {
	readonly because: string;
	readonly setting?: string;
}

/** Why a connection enters no chain that captures. */
function whyNotEntered({ way, family, attempt }: Asked, { capture, families, ipv6BypassReason }: Wanted): Why {
	if (attempt.isFromHere && attempt.isToHere) return { because: 'connections within this host are never captured' };
	if (!families.includes(family)) return { setting: 'ipv6', because: ipv6BypassReason || 'IPv6 is not in use here' };
	if (way === 'through' && capture.bridges.length === 0)
		return { setting: 'bridges', because: 'what passes through this host is captured on listed bridges only' };
	if (way === 'through') return { setting: 'bridges', because: 'this interface is none of the listed bridges' };
	return { setting: 'appPorts', because: 'no inbound ports are captured' };
}
