import type { Exit } from './runtime.ts';

/** "ended with code 1", "ended by SIGKILL", … */
export function exitText({ code, signal, isOutOfMemory, isRemoved, isRestarted }: Exit): string {
	if (isRemoved === true) return 'was removed by somebody else';
	if (isRestarted === true) return 'was restarted by somebody else';
	// How a process ended that is not our child is unknown.
	const how = signal !== undefined ? ` by ${signal}` : code !== undefined ? ` with code ${code}` : '';
	return `ended${how}${isOutOfMemory === true ? ', out of memory' : ''}`;
}
