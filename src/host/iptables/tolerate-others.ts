import { Failure } from '../../failure.ts';
import type { Dialect } from '../../firewall/firewall.ts';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';

/** `strict`: the same one, which fails where its rules cannot be read. */
type Tolerant = IptablesProgram & { readonly strict?: IptablesProgram };

/**
 * Once it is known which dialect is used, rules of another one that cannot be read count as none: whoever may not read
 * them has put none there. Calling it again for another dialect is safe.
 */
export const tolerateOthers = (programs: readonly Tolerant[], dialect: Dialect): IptablesProgram[] =>
	programs.map(({ strict, ...program }) => {
		if (program.dialect === dialect) return strict ?? program;
		return strict === undefined ? tolerant(program) : { ...program, strict };
	});

const tolerant = (strict: IptablesProgram): Tolerant => ({
	...strict,
	strict,
	read: (family, signal) =>
		strict.read(family, signal).catch((error) => {
			if (error instanceof Failure && ['permission', 'firewall'].includes(error.code)) return '';
			throw error;
		}),
});
