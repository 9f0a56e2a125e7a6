import { type Kind, kinds } from '../../mesh/schema/kinds.ts';

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const listedAs = (kind: Kind): string => (kind === 'mesh' ? 'Meshes' : `${capital(kind)}s`);

/** All that a policy can allow: each operation of API 2019-01-25, and what an Envoy does that asks for its configuration. */
export const actions: readonly string[] = [
	...(Object.keys(kinds) as Kind[]).flatMap((kind) => [
		...['Create', 'Describe', 'Update', 'Delete'].map((verb) => `appmesh:${verb}${capital(kind)}`),
		`appmesh:List${listedAs(kind)}`,
	]),
	...['ListTagsForResource', 'TagResource', 'UntagResource', 'StreamAggregatedResources'].map(
		(name) => `appmesh:${name}`,
	),
];
