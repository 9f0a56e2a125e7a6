/** The application's ports that the rules lead to Envoy: those that it answers on, and will go on to answer on. */
export interface RulePorts {
	readonly current: () => readonly number[];
	/**
	 * Envoy is to be told of these. Undefined: at once. Else it resolves when the rules lead to none of the others, on which
	 * Envoy will not answer any more; rejects where they could not be changed.
	 */
	readonly want: (ports: readonly number[]) => Promise<void> | undefined;
	/** Envoy answers on these now. */
	readonly accept: (ports: readonly number[]) => void;
	/** Envoy has rejected those that were wanted. */
	readonly revert: () => void;
}

/** `follow`: changes the rules to the current ports. `onFailure`: of a change that nobody waits for. */
export function createRulePorts(
	first: readonly number[],
	follow: () => Promise<void>,
	onFailure: (error: unknown) => void,
): RulePorts {
	let [wanted, answered] = [first, first];
	/** What the rules were changed to last; not known while a change is under way, nor after one that failed. */
	let inRules: readonly number[] | undefined = first;
	let changes = 0;
	const current = () => wanted.filter((port) => answered.includes(port));
	const change = async () => {
		const ports = current();
		inRules = undefined;
		changes += 1;
		try {
			await follow();
			if (changes === 1) inRules = ports;
		} finally {
			changes -= 1;
		}
	};
	const followIfDue = () => {
		if (String(inRules) !== String(current())) change().catch(onFailure);
	};
	return {
		current,
		want(ports) {
			wanted = ports;
			return inRules === undefined || inRules.some((port) => !ports.includes(port)) ? change() : undefined;
		},
		accept(ports) {
			answered = ports;
			followIfDue();
		},
		revert() {
			wanted = answered;
			followIfDue();
		},
	};
}
