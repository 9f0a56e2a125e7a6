import { envoyOwners, redirectedTo } from './answers.ts';
import type { Capture } from './capture.ts';
import type { Chain, Hook, Match, Ruleset } from './model.ts';
import { withoutOpening } from './stage.ts';

/**
 * A packet that the kernel cannot place in the connection that it belongs to is not translated: it would reach the app's
 * port or leave for the real server, which know nothing of the connection and reset it. `capturing`: whatever is redirected
 * in nat is dropped here, if it is such a one.
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
				matches: [{ kind: 'state', states: ['INVALID'] }, ...withoutOpening(hook)],
				because: 'packets that the kernel cannot place in a connection',
			})),
		rules: chain.rules.map((rule) =>
			rule.verdict.kind === 'redirect'
				? {
						...rule,
						verdict: { kind: 'drop' },
						role: 'stray',
						because: 'it would go past Envoy and end its connection',
					}
				: rule,
		),
	};
}

/** Of a bridge's connections, which are forwarded, the direction is known by their interface. */
const isLater = ({ name }: Chain, { matches }: Hook): boolean =>
	name === 'APPMESH_BRIDGE' || matches.every(({ kind }) => kind !== 'opening');

/**
 * Envoy's own, where the kernel has forgotten their connection: they would leave with Envoy's port. Dropped they are sent
 * again, and the connection goes on with the next packet of the other side.
 */
function untranslated(capture: Capture): Chain[] {
	const matches: readonly Match[] = [
		{ kind: 'state', states: ['INVALID', 'NEW'] },
		{ kind: 'going-on' },
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
				because: "it would leave with Envoy's port and end its connection",
			})),
		},
	];
}
