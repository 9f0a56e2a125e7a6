import { passThrough, passThroughNames } from '../../config/pass-through.ts';
import type { Container } from './pod-templates.ts';
import type { Wishes } from './wishes.ts';

type Variables = NonNullable<Container['env']>;

/** Of Envoy's container: those that it has, then those that its pod asks for. */
export const variablesOf = (former: Container | undefined, { env }: Pick<Wishes, 'env'>): Variables => {
	const own = former?.env ?? [];
	const others = env.filter(([name]) => !own.some((each) => each.name === name));
	return [...own, ...others.map(([name, value]) => ({ name, value }))];
};

/** Others get their value from the cluster. */
const isLiteral = ({ value, valueFrom }: Variables[number]): boolean =>
	(valueFrom ?? null) === null && !/\$\(/.test(value ?? '');

export const literalsOf = (variables: Variables): Readonly<Record<string, string>> =>
	Object.fromEntries(variables.filter(isLiteral).map(({ name, value }) => [name, value ?? '']));

/** Whom it stands for, how the agent of AWS's image asks for it, and what are arguments. */
const elsewhere =
	/^(APPMESH_(VIRTUAL_NODE_NAME|RESOURCE_(NAME|ARN)|XDS_ENDPOINT|PREVIEW|METRIC_EXTENSION_VERSION)|AWS_REGION|ENVOY_(CONCURRENCY|SKIP_DEPRECATED_LOGS|INITIAL_FETCH_TIMEOUT))$/;

/** The names of those that the bootstrap is made of; `unknown`: but for their value. */
export function namesForBootstrap(variables: Variables): Readonly<Record<'all' | 'unknown', readonly string[]>> {
	const all = variables.filter(({ name }) => passThroughNames.includes(name) && !elsewhere.test(name));
	const [names, unknown] = [all, all.filter((each) => !isLiteral(each))].map((some) => some.map(({ name }) => name));
	return { all: names ?? [], unknown: unknown ?? [] };
}

/** What the agent of AWS's image made of them. */
export function argumentsOf(variables: Variables): readonly string[] {
	const literals = literalsOf(variables);
	const { ENVOY_CONCURRENCY: threads = '0', ENVOY_SKIP_DEPRECATED_LOGS: skips } = passThrough(
		literals,
		() => undefined,
	).env;
	const { ENVOY_LOG_LEVEL: level = '' } = literals;
	return [
		...(level === '' ? [] : ['--log-level', level]),
		...(Number(threads) > 0 ? ['--concurrency', threads] : []),
		...(skips === '1' ? ['--skip-deprecated-logs'] : []),
	];
}
