import { lineOf } from '../../lib/escape.ts';
import { resourceId } from '../../mesh/resource-id.ts';
import type { ImportPlan, Put } from '../../store/plan-import.ts';
import { documentDifferences } from '../../xds/diff/document-differences.ts';
import type { Refused } from './apply-import.ts';

export interface Planned {
	readonly place: string;
	readonly plan: ImportPlan;
	readonly prunes: boolean;
	readonly warnings: readonly string[];
}

interface Done {
	readonly isApplied: boolean;
	readonly refused: readonly Refused[];
}

/** What would become another, before anybody is asked. */
export function planText({ plan, prunes, warnings, place }: Planned): string {
	const lines = [
		...warnings.map((warning) => `warning: ${warning}`),
		...plan.puts.flatMap(putLines),
		...plan.left.map(({ resource }) => `${prunes ? '-' : ' '} ${resourceId(resource)}${prunes ? '' : LEFT}`),
		`${place}: ${countsText(plan, prunes, 'to')}`,
	];
	return lines.map(lineOf).join('');
}

const LEFT = ', which is not in the files, is left (--prune deletes it)';

function putLines({ resource, former }: Put): string[] {
	if (former === undefined) return [`+ ${resourceId(resource)}`];
	const differences = documentDifferences({ spec: former.resource.spec }, { spec: resource.spec });
	return [`~ ${resourceId(resource)}`, ...differences.map(({ line }) => `    ${line}`)];
}

function countsText({ puts, unchanged, left }: ImportPlan, prunes: boolean, how: 'to' | 'done'): string {
	const made = puts.filter(({ former }) => former === undefined).length;
	const words = how === 'to' ? ['to create', 'to update', 'to delete'] : ['created', 'updated', 'deleted'];
	return [
		`${made} ${words[0]}`,
		`${puts.length - made} ${words[1]}`,
		...(prunes ? [`${left.length} ${words[2]}`] : []),
		`${unchanged} unchanged`,
		...(prunes ? [] : [`${left.length} left`]),
	].join(', ');
}

/** What has become of it. */
export function outcomeText(planned: Planned, done: Done, isJson: boolean): string {
	const { plan, prunes, warnings, place } = planned;
	const { isApplied, refused } = done;
	if (isJson) {
		const names = (of: readonly Put[]) => of.map(({ resource }) => resourceId(resource));
		return `${JSON.stringify({
			...{ place, isApplied },
			created: names(plan.puts.filter(({ former }) => former === undefined)),
			updated: names(plan.puts.filter(({ former }) => former !== undefined)),
			unchanged: plan.unchanged,
			[prunes ? 'deleted' : 'left']: plan.left.map(({ resource }) => resourceId(resource)),
			...{ refused, warnings },
		})}\n`;
	}
	if (!isApplied) return 'Nothing is changed; --confirm changes it without asking\n';
	const lines = refused.map(({ file, line, resource, why }) => `${file}:${line}: ${resource}: ${why}`);
	const isNothing = plan.puts.length === 0 && (!prunes || plan.left.length === 0);
	const counts = `Done: ${countsText(withoutRefused(plan, refused), prunes, 'done')}`;
	const last = refused.length === 0 ? counts : `${counts}, ${refused.length} refused`;
	return [...lines, isNothing ? 'Nothing to change' : last].map(lineOf).join('');
}

function withoutRefused(plan: ImportPlan, refused: readonly Refused[]): ImportPlan {
	const names = new Set(refused.map(({ resource }) => resource));
	return {
		...plan,
		puts: plan.puts.filter(({ resource }) => !names.has(resourceId(resource))),
		left: plan.left.filter(({ resource }) => !names.has(resourceId(resource))),
	};
}
