import { type Finding, warning, well } from './finding.ts';

export interface ReversePathFacts {
	/** The application's answers bear our mark (ingressKeepClient). */
	readonly keepsClient: boolean;
	/** Interfaces with src_valid_mark: the mark counts where a source address is checked. `all` is one of them. */
	readonly validatesMark: readonly string[];
}

export function reversePathFindings({ keepsClient, validatesMark }: ReversePathFacts): Finding[] {
	const [first] = validatesMark;
	if (!keepsClient || first === undefined) return [well('reverse-path')];
	const why = `net.ipv4.conf.${first}.src_valid_mark is 1: what containers answer to a client's address (ingressKeepClient) is dropped, as its mark leads to this host itself`;
	return [warning('reverse-path', why, `sysctl net.ipv4.conf.${first}.src_valid_mark=0, which wg-quick may have set`)];
}
