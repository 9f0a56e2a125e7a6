import type { Setting } from './formats.ts';
import { allSettings, foreignVariables } from './names.ts';

/** What AWS's own agent would take for its default is no mistake of whoever wrote it for that. */
export function forgive(env: NodeJS.ProcessEnv): { readonly env: NodeJS.ProcessEnv; readonly told: readonly string[] } {
	const forgiven = [...allSettings].flatMap(([key, setting]) => {
		const { variable, default: standard, allowed, isForgiving } = setting;
		const why = isForgiving === true ? whyNot(setting, env[variable]) : undefined;
		if (why === undefined) return [];
		const notice = `${key} (${variable}): ${why}; ${standard} is taken, as AWS's agent does; allowed: ${allowed}`;
		return [{ variable, standard, notice }];
	});
	const taken = Object.fromEntries(forgiven.map(({ variable, standard }) => [variable, standard]));
	return { env: { ...env, ...taken }, told: forgiven.map(({ notice }) => notice) };
}

export function whyNot({ parse }: Setting<unknown>, text: string | undefined): string | undefined {
	try {
		if (text !== undefined) parse(text);
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
}

/** Told and no mistake: they may be there for the others. */
export const foreign = (env: NodeJS.ProcessEnv): string[] =>
	foreignVariables(env).map(({ name, instead }) => `${name}: another script's, which is not read; ${instead}`);
