import { parsePolicy } from '../../src/control/access/parse-policy.ts';
import type { Policy } from '../../src/control/access/policy.ts';
import { textOfPath } from '../../src/mesh/path.ts';

export const AN_ACCOUNT = 'arn:aws:appmesh:us-west-2:123456789012';

/** Mistakes as `PATH: WHY; HINT`. */
export function readPolicy(
	document: unknown,
	name = 'P',
): { readonly policy: Policy; readonly mistakes: readonly string[] } {
	const mistakes: string[] = [];
	const policy = parsePolicy(name, document, (path, why, hint) => {
		mistakes.push(`${textOfPath(path)}: ${why}${hint === '' ? '' : `; ${hint}`}`);
	});
	return { policy, mistakes };
}

export function soundPolicy(statements: unknown, name = 'P'): Policy {
	const { policy, mistakes } = readPolicy({ Version: '2012-10-17', Statement: statements }, name);
	if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
	return policy;
}
