import { type Finding, failure, well } from './finding.ts';

export interface SettingsFacts {
	/** Of a daemon that runs with what it read before. */
	readonly isRunning: boolean;
	/** Each with its origin. */
	readonly mistakes: readonly string[];
	/** Of values that were normalized. */
	readonly notices: readonly string[];
}

export function settingsFindings({ isRunning, mistakes, notices }: SettingsFacts): Finding[] {
	if (mistakes.length === 0) return [well('settings', notices.join('; '))];
	const remedy = isRunning
		? 'Mend it: the daemon goes on with the former settings, refuses a reload and would not start again'
		: 'Mend it: turnout does not start with it; turnout config check FILE has all of a file';
	return mistakes.map((mistake) => failure('settings', mistake, remedy));
}
