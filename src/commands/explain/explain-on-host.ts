import type { Loaded } from '../../config/merge-sources.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import type { ToExplain } from '../../daemon/dependencies.ts';
import { decidingSetting } from '../../daemon/explain/deciding-setting.ts';
import { type Explained, explainRequest } from '../../daemon/explain/explained-reply.ts';
import type { Wanted } from '../../daemon/explain/judge.ts';
import { failureOf } from '../../failure.ts';
import type { Firewall, Installed } from '../../firewall/firewall.ts';
import { createExplainFacts } from '../../host/sockets/explain-facts.ts';
import { createConnections } from '../../host/sockets/socket-connections.ts';
import { oneLine } from '../../lib/escape.ts';
import type { ExplainReply, ExplainRequest } from '../../localapi/explained.ts';
import type { DesiredState } from '../../reconcile/resolve.ts';

/** Answers by the settings as they are now, and by the rules that are installed now. */
export async function explainOnHost(
	of: ToExplain,
	request: ExplainRequest,
	signal: AbortSignal,
): Promise<ExplainReply> {
	const { loaded, context, desired } = of;
	const { firewalls } = context.host;
	const [own, ...others] = await Promise.all(
		firewalls
			.toSorted((a, b) => rankOf(a, context) - rankOf(b, context))
			.map(async (firewall) => ({ firewall, installed: await read(firewall, signal) })),
	);
	const installed = own?.installed ?? { unread: 'no firewall of this host could be read' };
	return answerRequest(request, { loaded, context, desired }, signal, {
		interception: of.interception ?? (isThere(installed) ? 'on' : 'off'),
		installed,
		notes: others
			.filter((other) => isThere(other.installed))
			.map(({ firewall }) => `rules of turnout are in ${firewall.dialect} too, which is not the backend now`),
	});
}

/** The backend's own comes first. */
const rankOf = ({ dialect }: Firewall, { backend }: DaemonContext): number => (dialect === backend.name ? 0 : 1);

const read = (firewall: Firewall, signal: AbortSignal): Promise<Explained['installed']> =>
	firewall.read(signal).catch((error) => ({
		unread: `what is installed in ${firewall.dialect} could not be read: ${oneLine(failureOf(error).message)}`,
	}));

const isThere = (installed: Explained['installed']): boolean =>
	'traced' in installed && !(installed.isClean.ipv4 && installed.isClean.ipv6);

export interface Settled {
	readonly loaded: Pick<Loaded, 'config' | 'written' | 'passThrough'>;
	readonly context: Pick<DaemonContext, 'config' | 'capture'>;
	readonly desired: Pick<DesiredState, 'target' | 'ipv6BypassReason'>;
}

export function answerRequest(
	request: ExplainRequest,
	{ loaded, context: { config, capture }, desired: { target, ipv6BypassReason } }: Settled,
	signal: AbortSignal,
	now: Pick<Explained, 'interception' | 'notes'> & { readonly installed: Installed | { readonly unread: string } },
): Promise<ExplainReply> {
	const wanted: Wanted = {
		...{ capture, families: target.families, rules: target.stages.all, ipv6BypassReason },
		settingOf: (key) => decidingSetting(key, loaded, capture),
	};
	const explained: Explained = {
		...{ ...now, wanted },
		async meshAnswer(asked, judged) {
			if (config.mesh.node === undefined) return undefined;
			const { meshAnswer } = await import('./explain-mesh.ts');
			return meshAnswer({ ...loaded, config }, request, asked, judged);
		},
	};
	return explainRequest(request, explained, createExplainFacts(createConnections(), signal));
}
