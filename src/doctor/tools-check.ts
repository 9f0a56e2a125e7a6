import { type Finding, failure, type Refusal, unknown, well } from './finding.ts';

export interface ToolsFacts {
	/** `iptables v1.8.9 (nf_tables)`, of each program that is installed. */
	readonly versions: readonly string[];
	/** The backend and why it is chosen; or why that is not known. */
	readonly backend: { readonly name: string; readonly why: string } | Refusal;
	/** Why rules cannot be changed with what is installed; undefined: they can. */
	readonly lack: Refusal | undefined;
}

export function toolsFindings({ versions, backend, lack }: ToolsFacts): Finding[] {
	if (lack !== undefined) return [failure('tools', lack.message, lack.remedy)];
	const installed = `installed: ${versions.join(', ')}`;
	if ('message' in backend)
		return [unknown('tools', `${installed}; which is used was not looked at: ${backend.message}`, backend.remedy)];
	return [well('tools', `${backend.name} is used (${backend.why}); ${installed}`)];
}
