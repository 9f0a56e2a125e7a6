/** What the daemon counts as it does it, from its start on: each name with the labels that it is counted by. */
const counted = {
	pulls: ['pulled', 'failed'],
	ruleChanges: ['start', 'enable', 'disable', 'reload', 'lift', 'restore', 'revert'],
	repairs: ['rules', 'routes'],
	noticesLost: ['rules', 'routes'],
} as const;

export type TallyName = keyof typeof counted;
export type TallyLabel<N extends TallyName> = (typeof counted)[N][number];
/** All of them, also those that are 0. */
export type TallyCounts = { readonly [N in TallyName]: Readonly<Record<TallyLabel<N>, number>> };

export interface Tallies {
	readonly add: <N extends TallyName>(name: N, label: TallyLabel<N>) => void;
	readonly read: () => TallyCounts;
}

export function createTallies(): Tallies {
	const counts = new Map<string, number>();
	const countOf = (name: string, label: string): number => counts.get(`${name} ${label}`) ?? 0;
	const entriesOf = (name: TallyName) => counted[name].map((label) => [label, countOf(name, label)] as const);
	return {
		add: (name, label) => void counts.set(`${name} ${label}`, countOf(name, label) + 1),
		read() {
			const names = Object.keys(counted) as TallyName[];
			return Object.fromEntries(names.map((name) => [name, Object.fromEntries(entriesOf(name))])) as TallyCounts;
		},
	};
}
