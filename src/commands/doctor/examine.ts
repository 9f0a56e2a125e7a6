import { type Finding, findingOf, unknown } from '../../doctor/finding.ts';
import { failureOf } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import type { Status } from '../../status/types.ts';
import { checks } from './checks.ts';
import type { Check, Examination } from './examination.ts';

export async function examine(of: Examination): Promise<readonly Finding[]> {
	const found = await Promise.all(checks.map((check) => check.run(of).catch((error) => unseen(check, error))));
	const daemon = await of.daemon().catch(() => undefined);
	return daemon === undefined ? found.flat() : withStatus(found.flat(), daemon.status);
}

function unseen({ names }: Check, error: unknown): readonly Finding[] {
	const { message, remedy } = failureOf(error);
	// What is on further lines another check tells.
	const [first = ''] = message.split('\n');
	const why = `not looked at: ${oneLine(first).replace(/^Cannot [^:]*: |:$/g, '')}`;
	return names.map((name) => unknown(name, why, remedy));
}

/**
 * A daemon sees what this process cannot, and knows what only it can. What either finds wrong is told; what is well, by who
 * could look.
 */
export function withStatus(found: readonly Finding[], { conditions }: Pick<Status, 'conditions'>): readonly Finding[] {
	const told = conditions.map((condition) => findingOf(condition));
	const wrong = told.filter(({ state }) => state !== 'ok');
	const isTold = (finding: Finding) =>
		told.some(({ check }) => check === finding.check) &&
		(finding.state === 'unknown' || (finding.state === 'ok' && wrong.some(({ check }) => check === finding.check)));
	const own = found.filter((finding) => !isTold(finding));
	const isNew = (finding: Finding) =>
		!own.some(
			(other) => other.check === finding.check && (finding.state === 'ok' || sameAs(other) === sameAs(finding)),
		);
	return [...own, ...told.filter(isNew)];
}

const sameAs = (finding: Finding): string => (finding.state === 'ok' ? '' : finding.why);
