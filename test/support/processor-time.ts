/**
 * Of the processor, which is not spent while a busy machine serves others. Bounds are far above what it takes, and far below
 * what the square of large numbers would take.
 */
export function processorMsOf(act: () => void): number {
	const before = process.cpuUsage();
	act();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1_000;
}
