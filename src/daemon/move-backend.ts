import type { Loaded } from '../config/merge-sources.ts';
import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { BackendChoice, FormerChoice } from '../reconcile/host.ts';

/** What is remembered of the backend before it is resolved: without `asked` what there is. */
export function choiceOf(before: BackendChoice, asked: string | undefined): FormerChoice {
	if (asked === undefined) return before;
	return asked === 'auto' ? 'anew' : { name: asked as Dialect, why: '`turnout reload --backend` chose it' };
}

/** A Failure where the settings say which one it is, or where the change would have to wait to be confirmed. */
export function requireMovable({ config, written }: Loaded, asked: string, confirmSeconds: number | undefined): void {
	if (config.backend !== 'auto')
		throw new Failure(
			'usage',
			`Cannot move to backend ${asked}: ${written.get('backend')?.origin ?? 'backend'} says ${config.backend}`,
			'Change it there and `turnout reload`, or set it to auto',
		);
	if (confirmSeconds !== undefined)
		throw new Failure(
			'usage',
			'Cannot move to another backend for a time only (confirm)',
			'It captures the same connections: leave out --confirm',
		);
}

/** A Failure where it is not installed. */
export function requireChosen(chosen: Dialect, asked: string): void {
	if (asked === 'auto' || asked === chosen) return;
	throw new Failure(
		'tools',
		`Cannot move to backend ${asked}: its programs are not installed`,
		'Install the package iptables, or nftables, or move to auto',
	);
}
