import { envoyFact } from '../status/summarize.ts';
import { type Finding, failure, findingOf, well } from './finding.ts';

export type EnvoyFacts =
	/** `problem`: with what listens on its ports, '' where there is none. */
	| { readonly runtime: 'none'; readonly problem: string }
	/** `program`: where envoy.command is found. */
	| { readonly runtime: 'process'; readonly command: string; readonly program: string | undefined }
	| { readonly runtime: 'docker' };

/** Beside a daemon, which knows how one of ours is. */
export function envoyFindings(facts: EnvoyFacts): Finding[] {
	switch (facts.runtime) {
		case 'none': {
			const envoy = { runtime: facts.runtime, state: 'unmanaged', restarts: 0 } as const;
			return [findingOf(envoyFact({ envoy, envoyWhy: facts.problem }))];
		}
		case 'process':
			return [facts.program === undefined ? notFound(facts.command) : well('envoy', facts.program)];
		case 'docker':
			return [well('envoy', 'turnout runs it in Docker')];
	}
}

const notFound = (command: string): Finding =>
	failure(
		'envoy',
		`there is no program ${command} (envoy.command) that can be executed`,
		'Install Envoy, set envoy.command (TURNOUT_ENVOY_COMMAND), or set envoy.runtime to docker',
	);
