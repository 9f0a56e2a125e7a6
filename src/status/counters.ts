/** Counters of the daemon since its start: each name with its label values. */
const counted = {
	pulls: ['pulled', 'failed'],
	ruleChanges: ['start', 'enable', 'disable', 'reload', 'lift', 'restore', 'revert'],
	repairs: ['rules', 'routes'],
	/** `mistaken`: definitions that were saved with mistakes; `rejected`: by Envoy. */
	meshPushes: ['pushed', 'mistaken', 'rejected'],
	noticesLost: ['rules', 'routes'],
} as const;

export type CounterName = keyof typeof counted;
export type CounterLabel<N extends CounterName> = (typeof counted)[N][number];
/** Every counter, including zeros. */
export type CounterValues = { readonly [N in CounterName]: Readonly<Record<CounterLabel<N>, number>> };

export interface Counters {
	readonly add: <N extends CounterName>(name: N, label: CounterLabel<N>) => void;
	readonly read: () => CounterValues;
}

export function createCounters(): Counters {
	const counts = new Map<string, number>();
	const countOf = (name: string, label: string): number => counts.get(`${name} ${label}`) ?? 0;
	const entriesOf = (name: CounterName) => counted[name].map((label) => [label, countOf(name, label)] as const);
	return {
		add: (name, label) => void counts.set(`${name} ${label}`, countOf(name, label) + 1),
		read() {
			const names = Object.keys(counted) as CounterName[];
			return Object.fromEntries(names.map((name) => [name, Object.fromEntries(entriesOf(name))])) as CounterValues;
		},
	};
}
