import { type Finding, failure, well } from './finding.ts';

export type DockerFacts =
	| { readonly kind: 'unused' }
	| {
			readonly kind: 'answers';
			readonly version: string;
			/** `iptables`, `nftables`, `iptables+firewalld`; '' where its version does not say. */
			readonly firewall: string;
	  }
	| { readonly kind: 'silent'; readonly message: string; readonly remedy: string };

export function dockerFindings(facts: DockerFacts): Finding[] {
	switch (facts.kind) {
		case 'unused':
			return [well('docker', 'it is not used (envoy.runtime)')];
		case 'silent':
			return [failure('docker', facts.message, facts.remedy)];
		case 'answers': {
			const firewall = facts.firewall === '' ? '' : `, its rules are in ${facts.firewall}`;
			return [well('docker', `version ${facts.version}${firewall}`)];
		}
	}
}
