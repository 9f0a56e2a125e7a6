import type { Setting } from './formats.ts';
import { allSettings, foreignVariables } from './names.ts';

/** Replaces values that AWS's agent would silently replace by its default, so that its configurations keep working. */
export function forgive(env: NodeJS.ProcessEnv): {
	readonly env: NodeJS.ProcessEnv;
	/** A notice for each. */
	readonly replaced: readonly string[];
} {
	const forgiven = [...allSettings].flatMap(([key, setting]) => {
		const { variable, default: standard, allowed, isForgiving } = setting;
		const why = isForgiving === true ? whyNot(setting, env[variable]) : undefined;
		if (why === undefined) return [];
		const notice = `${key} (${variable}): ${why}; using ${standard}, as AWS's agent does; allowed: ${allowed}`;
		return [{ variable, standard, notice }];
	});
	const taken = Object.fromEntries(forgiven.map(({ variable, standard }) => [variable, standard]));
	return { env: { ...env, ...taken }, replaced: forgiven.map(({ notice }) => notice) };
}

export function whyNot({ parse }: Setting<unknown>, text: string | undefined): string | undefined {
	try {
		if (text !== undefined) parse(text);
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
}

/** Notices, not errors: other scripts may need these variables. */
export const foreign = (env: NodeJS.ProcessEnv): string[] =>
	foreignVariables(env).map(({ name, instead }) => `${name}: belongs to another script and is ignored; ${instead}`);
