import type { ByFamily, Family } from '../../values/units.ts';
import type { ForeignRules } from '../foreign/foreign-rules.ts';
import { madeLater } from '../foreign/registered-later.ts';
import type { IptablesProgram } from './iptables-program.ts';
import { type BuiltIn, builtIns, type IptablesRules, type JumpRule } from './iptables-rules.ts';

/** See Firewall. `madeLater` finds none for iptables-legacy, whose chains cannot be made anew. */
export async function claimHooks(
	program: IptablesProgram,
	others: Pick<ForeignRules, 'chains' | 'legacyNat'>,
	found: ByFamily<IptablesRules>,
	families: readonly Family[],
	signal: AbortSignal,
): Promise<string[]> {
	const { dialect } = program;
	const claimed: string[] = [];
	for (const family of families)
		for (const at of builtIns) {
			const hooks = found[family].hooks.filter(({ table, chain }) => table === 'nat' && chain === at);
			const later = hooks.length === 0 ? undefined : madeLater(others, family, at, { dialect, hooks: hooks.length });
			if (later === undefined) continue;
			await program.commit(family, renderAnew(at, hooks), signal);
			claimed.push(`${family} ${at} of nat came behind ${later}`);
		}
	return claimed;
}

/** Removes our hooks and the chain, and makes both again, in one commit: no packet sees the chain missing. */
function renderAnew(at: BuiltIn, hooks: readonly JumpRule[]): string {
	const removed = hooks.map(({ rule }) => `-D ${at} ${rule}`);
	const added = hooks.map(({ position, rule }) => `-I ${at} ${position} ${rule}`);
	return ['*nat', ...removed, `-X ${at}`, ...added, 'COMMIT', ''].join('\n');
}
