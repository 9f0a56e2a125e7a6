// `turnout doctor` on a host of the lab: what each check has said.
import type { Finding } from '../../src/doctor/finding.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { turnoutThrough } from './without.ts';

export interface Looked {
	readonly code: number;
	readonly findings: readonly Finding[];
	/** The check's states, `ok` or `failure` say, with the reasons: `failure: why`. */
	readonly of: (check: Finding['check']) => readonly string[];
	/** The checks that are not well, each once. */
	readonly wrong: readonly string[];
}

/** `args`: settings, and where a daemon would be. `through`: programs and mounts of its own. */
export function lookAt(host: Namespace, args: readonly string[], through: readonly string[] = []): Looked {
	const { code, stdout, stderr } = turnoutThrough(host, through, ['doctor', '--json', ...args]);
	if (stderr !== '') throw new Error(stderr);
	const { ok, checks } = JSON.parse(stdout) as { readonly ok: boolean; readonly checks: readonly Finding[] };
	if (ok !== (code === 0)) throw new Error(`exit code ${code}, and ok is ${ok}`);
	return {
		...{ code, findings: checks },
		of: (check) =>
			checks
				.filter((finding) => finding.check === check)
				.map((finding) => (finding.state === 'ok' ? 'ok' : `${finding.state}: ${finding.why}`)),
		wrong: [...new Set(checks.filter(({ state }) => state !== 'ok').map(({ check }) => check))],
	};
}
