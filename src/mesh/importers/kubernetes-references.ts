import type { Segment } from '../path.ts';
import { object, scalar, type Traced } from '../traced.ts';
import type { Cluster } from './kubernetes-cluster.ts';

/** The controller has the API's fields but for names: they are references to objects, or ARNs, and `ARN` is upper case. */
export function inApiTerms(value: Traced, namespace: string, cluster: Cluster): Traced {
	if (value.kind === 'scalar') return value;
	const below = (part: Traced): Traced => inApiTerms(part, namespace, cluster);
	if (value.kind === 'list') return { ...value, items: value.items.map(below) };
	const fields = [...value.fields].map(([key, field]) => {
		const [, kind = '', how] = /^(virtual(?:Node|Router|Service))(Ref|ARN)$/.exec(key) ?? [];
		if (how === undefined) return [key.replace(/ARN(s?)$/, 'Arn$1'), below(field)] as const;
		const name =
			how === 'Ref'
				? scalar(cluster.nameOfReference(`V${kind.slice(1)}`, field, namespace), field.at)
				: nameInArn(field);
		return [isTarget(value.at) ? kind : `${kind}Name`, name] as const;
	});
	return object(fields, value.at);
}

/** A weighted target calls its virtual node `virtualNode`, all others `virtualNodeName`. */
const isTarget = (at: readonly Segment[]): boolean => at.at(-2) === 'weightedTargets';

/** `arn:aws:appmesh:REGION:ACCOUNT:mesh/MESH/virtualNode/NAME` */
const nameInArn = (field: Traced): Traced =>
	field.kind === 'scalar' && typeof field.value === 'string'
		? scalar(/^arn:[^/]+:mesh\/[^/]+\/\w+\/(.+)$/.exec(field.value)?.[1] ?? field.value, field.at)
		: field;
