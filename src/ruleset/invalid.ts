import { envoyOwners, redirectedTo } from './answers.ts';
import type { Capture } from './capture.ts';
import type { Chain, Hook, Match, Rule, Ruleset } from './model.ts';
import { withoutSyn } from './stage.ts';

/**
 * A packet that conntrack classifies as INVALID is not translated: it would reach the application or the real server,
 * which reset the unknown connection. So chains in mangle mirror those of nat (`capturing`) and drop such packets where
 * nat would redirect.
 */
export function buildInvalid(capture: Capture, capturing: Ruleset): Chain[] {
	return [...capturing.map(mirrored), ...untranslated(capture)];
}

function mirrored(chain: Chain): Chain {
	return {
		table: 'mangle',
		name: chain.name === 'APPMESH_INGRESS' ? 'APPMESH_INVALID' : chain.name,
		hooks: chain.hooks
			.filter((hook) => isLater(chain, hook))
			.map((hook) => ({
				at: hook.at,
				matches: [{ kind: 'state', states: ['INVALID'] }, ...withoutSyn(hook)],
				because: 'packets that the kernel cannot place in a connection',
			})),
		rules: [
			...(chain.rules.some(({ verdict }) => verdict.kind === 'keep-destination') ? [transparent] : []),
			...chain.rules.map(dropped),
		],
	};
}

/** Where the addresses are as they were sent, it finds its connection without the kernel's help. */
const transparent: Rule = {
	matches: [{ kind: 'transparent-socket' }],
	verdict: { kind: 'return' },
	setting: 'ingressMode',
	because: "a connection of Envoy's transparent listener",
};

const dropped = (rule: Rule): Rule =>
	rule.verdict.kind === 'redirect' || rule.verdict.kind === 'keep-destination'
		? {
				...rule,
				verdict: { kind: 'drop' },
				role: 'stray',
				because: 'it would go past Envoy and end its connection',
			}
		: rule;

/** For forwarded connections of a bridge, the interface tells the direction. */
const isLater = ({ name }: Chain, { matches }: Hook): boolean =>
	name === 'APPMESH_BRIDGE' || matches.every(({ kind }) => kind !== 'syn');

/**
 * Packets of Envoy whose conntrack entry is lost would leave with Envoy's port as source. If dropped they are
 * retransmitted, and the next packet of the peer restores the connection.
 */
function untranslated(capture: Capture): Chain[] {
	const matches: readonly Match[] = [
		{ kind: 'state', states: ['INVALID', 'NEW'] },
		{ kind: 'not-syn' },
		{ kind: 'own-ports', ports: redirectedTo(capture) },
	];
	const because = "what Envoy sends in connections that the kernel doesn't know";
	return [
		{
			table: 'mangle',
			name: 'APPMESH_LOST',
			hooks: [{ at: 'OUTPUT', matches, because }],
			rules: envoyOwners(capture).map((match) => ({
				matches: [match],
				verdict: { kind: 'drop' },
				role: 'stray',
				setting: 'egressPort',
				because: "it would leave with Envoy's port and end its connection",
			})),
		},
	];
}
