import type { AccessKey, AccessKeys } from './access-keys.ts';
import { type Decision, mayDo, statementName } from './policy.ts';

export interface Simulated extends Decision {
	readonly key: AccessKey;
	readonly action: string;
	readonly resource: string;
}

interface Question {
	/** Undefined: all users. */
	readonly user?: string | undefined;
	readonly actions: readonly string[];
	readonly resource: string;
}

/** Who may do what, and by which statement, as requests are going to be decided. */
export const simulate = (keys: AccessKeys, { user, actions, resource }: Question): Simulated[] =>
	[...keys.values()]
		.filter((key) => user === undefined || key.user === user)
		.flatMap((key) => actions.map((action) => ({ key, action, resource, ...mayDo(key.policies, action, resource) })));

export const simulationText = (rows: readonly Simulated[]): string => rows.map(rowText).join('');

const rowText = ({ key, action, resource, ...decision }: Simulated): string =>
	`${key.user} (${key.id}) ${decision.isAllowed ? 'may' : 'may not'} ${action} on ${resource}: ${becauseText(decision)}\n`;

const becauseText = ({ isAllowed, statement }: Decision): string =>
	statement === undefined
		? 'no statement allows it'
		: `${statementName(statement)} ${isAllowed ? 'allows' : 'denies'} it`;

/** In the words of IAM's own simulator. */
export const simulationJson = (rows: readonly Simulated[]): string =>
	`${JSON.stringify(
		rows.map(({ key, action, resource, isAllowed, statement }) => ({
			...{ user: key.user, accessKeyId: key.id, action, resource },
			decision: isAllowed ? 'allowed' : statement === undefined ? 'implicitDeny' : 'explicitDeny',
			...(statement === undefined
				? {}
				: { statement: { policy: statement.policy, number: statement.number, sid: statement.sid } }),
		})),
	)}\n`;
