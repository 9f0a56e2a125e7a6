import { envoyOwners } from './answers.ts';
import type { Capture } from './capture.ts';
import { hasIngress } from './ingress.ts';
import type { Chain, Match, Rule } from './model.ts';

/** The application sees the client's address: Envoy opens its connections to it from there. */
export const keepsClient = ({
	ingressKeepClient,
	appPorts,
}: Pick<Capture, 'ingressKeepClient' | 'appPorts'>): boolean =>
	ingressKeepClient === 'application' && hasIngress({ appPorts });

/**
 * What the application answers is addressed to the client, and has to go to Envoy. So the connections that Envoy opens from
 * addresses of others are marked, and what is sent back in them gets the mark that leads to our local route.
 */
export const buildClient = (capture: Capture): Chain[] =>
	keepsClient(capture) ? [clientChain(capture), replyChain(capture)] : [];

const clientChain = (capture: Capture): Chain => ({
	table: 'mangle',
	name: 'APPMESH_CLIENT',
	hooks: [
		{
			at: 'OUTPUT',
			matches: [{ kind: 'syn' }, ...fromClients],
			because: "connections to this host from others' addresses",
		},
	],
	rules: envoyOwners(capture).map(
		(match): Rule => ({
			matches: [match],
			verdict: { kind: 'mark-connection', mark: capture.mark },
			setting: 'ingressKeepClient',
			because: "Envoy's, to the application",
		}),
	),
});

function replyChain({ mark }: Capture): Chain {
	const matches: readonly Match[] = [{ kind: 'reply-of-marked', mark }];
	const because = "the application's answers to a client's address";
	return {
		table: 'mangle',
		name: 'APPMESH_REPLY',
		hooks: [
			{ at: 'OUTPUT', matches, because },
			// Of a container.
			{ at: 'PREROUTING', matches, because },
		],
		rules: [
			{
				matches: [],
				verdict: { kind: 'mark', mark },
				setting: 'ingressKeepClient',
				because: 'they go to Envoy, by our local route',
			},
		],
	};
}

const fromClients: readonly Match[] = [
	{ kind: 'local', end: 'source', is: false },
	{ kind: 'local', end: 'destination', is: true },
];
