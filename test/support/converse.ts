// The 2019 script's successor under the script's own name, fed words on its standard input.
import type { Namespace } from '../lab/net/namespace.ts';
import { type Outcome, routeManagerProgram } from '../lab/turnout.ts';

/** As the guide's script sets them for itself. */
export const guideVariables = {
	APPMESH_IGNORE_UID: '1337',
	APPMESH_APP_PORTS: '8080',
	APPMESH_ENVOY_INGRESS_PORT: '15000',
	APPMESH_ENVOY_EGRESS_PORT: '15001',
	APPMESH_EGRESS_IGNORED_IP: '169.254.169.254,169.254.170.2',
} as const;

export type Variables = Readonly<Record<string, string>>;

/** The guide's variables, unless others are given; the end of the words is the end of the input. */
export const converse = (host: Namespace, words: readonly string[], more: Variables = {}): Outcome =>
	host.tryRun(routeManagerProgram, [], {
		input: words.map((word) => `${word}\n`).join(''),
		env: { ...guideVariables, ...more },
	});

/** The same where it has to go well. */
export function converseWell(host: Namespace, words: readonly string[], more: Variables = {}): Outcome {
	const outcome = converse(host, words, more);
	if (outcome.code !== 0 || outcome.stderr !== '')
		throw new Error(`route-manager: exit code ${outcome.code}: ${outcome.stderr}`);
	return outcome;
}
