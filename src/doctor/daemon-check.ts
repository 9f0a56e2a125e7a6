import { type Finding, failure, warning, well } from './finding.ts';

export type DaemonFacts =
	| { readonly kind: 'none'; readonly socket: string }
	| { readonly kind: 'answers'; readonly version: string; readonly ownVersion: string; readonly is: string }
	/** Something is on the socket, and what it says, if anything, is of no use. */
	| { readonly kind: 'silent'; readonly why: string; readonly remedy: string };

export function daemonFindings(facts: DaemonFacts): Finding[] {
	switch (facts.kind) {
		case 'none':
			return [well('daemon', `none answers on ${facts.socket}`)];
		case 'silent':
			return [failure('daemon', facts.why, facts.remedy)];
		case 'answers':
			return [facts.version === facts.ownVersion ? well('daemon', `interception is ${facts.is}`) : outdated(facts)];
	}
}

const outdated = ({ version, ownVersion }: { readonly version: string; readonly ownVersion: string }): Finding =>
	warning(
		'daemon',
		`the daemon is turnout ${version}, and what is installed is ${ownVersion}`,
		'systemctl restart turnout, to run what is installed',
	);
