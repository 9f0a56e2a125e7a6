import { fieldsOf, itemsOf, partOf, type Traced, textAt } from '../traced.ts';

export interface TerraformResource {
	readonly type: string;
	readonly values: Traced;
}

/** Of a state file its instances; of `terraform show -json` those of a state, else those that a plan would make. */
export function terraformResources(whole: Traced): TerraformResource[] {
	const root = partOf(partOf(whole, 'values'), 'root_module') ?? partOf(partOf(whole, 'planned_values'), 'root_module');
	return root === undefined ? itemsOf(partOf(whole, 'resources')).flatMap(instancesOf) : inModule(root);
}

const isManaged = (resource: Traced): boolean => (textAt(resource, 'mode') ?? 'managed') === 'managed';

const instancesOf = (resource: Traced): TerraformResource[] =>
	isManaged(resource)
		? itemsOf(partOf(resource, 'instances')).flatMap((instance) => withValues(resource, partOf(instance, 'attributes')))
		: [];

const inModule = (module: Traced): TerraformResource[] => [
	...itemsOf(partOf(module, 'resources'))
		.filter(isManaged)
		.flatMap((resource) => withValues(resource, partOf(resource, 'values'))),
	...itemsOf(partOf(module, 'child_modules')).flatMap(inModule),
];

const withValues = (resource: Traced, values: Traced | undefined): TerraformResource[] =>
	values === undefined || fieldsOf(values).size === 0 ? [] : [{ type: textAt(resource, 'type') ?? '', values }];
