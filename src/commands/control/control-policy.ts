import { type Given, textOf, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { actions } from '../../control/access/actions.ts';
import { matchesAction } from '../../control/access/policy.ts';
import { simulate, simulationJson, simulationText } from '../../control/access/simulate.ts';
import { quote } from '../../lib/escape.ts';
import { nearest } from '../../mesh/nearest.ts';
import { accessFileOf, readKeys } from './access-file.ts';

/** `turnout control policy simulate`: who may do what, and by which statement. */
export function controlPolicy(given: Given, [verb]: readonly string[], { out, isJson }: CommandContext): number {
	if (verb !== 'simulate') throw usage(`control policy takes simulate, not ${quote(verb ?? '')}`);
	const keys = readKeys(accessFileOf(given));
	const [user, resource] = [textOf(given, 'user'), textOf(given, 'resource') ?? '*'];
	const users = [...keys.values()].map((key) => key.user);
	if (user !== undefined && !users.includes(user)) throw usage(`no key is of the user ${quote(user)}`);
	const rows = simulate(keys, { user, actions: actionsOf(textOf(given, 'action') ?? '*'), resource });
	out(isJson ? simulationJson(rows) : simulationText(rows));
	return 0;
}

/** As in a policy: `appmesh:Delete*`. */
function actionsOf(pattern: string): readonly string[] {
	const found = actions.filter((action) => matchesAction(pattern, action));
	if (found.length > 0) return found;
	throw usage(`--action: ${quote(pattern)} is no action of App Mesh; did you mean ${nearest(pattern, actions)}?`);
}
