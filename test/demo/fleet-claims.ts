// PURE. What the fleet's demo has shown, in plain words.
import type { HttpCounts } from '../lab/net/http-peer.ts';
import type { KeptRoute } from './fleet-operator.ts';
import { type FleetRow, V1, V2 } from './fleet-table.ts';
import { type Claim, claim } from './verdict.ts';

export interface Shown {
	readonly rows: readonly FleetRow[];
	readonly total: HttpCounts;
	/** By each etcd that is left. */
	readonly kept: readonly KeptRoute[];
	/** Whether the gateway's Envoy has gone over to the control that is left. */
	readonly isServed: boolean;
}

/** In percent of all: a round has some hundred requests. */
const NEAR = 8;

export function fleetClaims({ rows, total, kept, isServed }: Shown): Claim[] {
	const failed = Object.entries(total).filter(([by]) => by !== V1 && by !== V2);
	const asked = Object.values(total).reduce((sum, count) => sum + count, 0);
	const moved = rows.flatMap(({ what, shownMs }) => (shownMs === undefined ? [] : [{ what, shownMs }]));
	const times = moved.flatMap(({ shownMs }) => shownMs).map(Math.round);
	const unseen = moved.filter(({ shownMs }) => !shownMs.every((ms) => ms >= 0)).map(({ what }) => what);
	const astray = rows.filter(isAstray).map(({ what }) => what);
	const versions = kept.map(({ version }) => version);
	const wanted = moved.length + 1;
	return [
		claim(
			failed.length === 0,
			`${asked} requests while all of this happened, 0 failed.`,
			`Of ${asked} requests these failed: ${failed.map(([by, count]) => `${count} × ${by}`).join(', ')}.`,
		),
		claim(
			unseen.length === 0,
			`Each change showed on both ways, after ${Math.min(...times)} to ${Math.max(...times)} ms.`,
			`It is not known when this showed: ${unseen.join('; ')}.`,
		),
		claim(astray.length === 0, 'Both versions got their shares.', `These shares were not met: ${astray.join('; ')}.`),
		claim(
			versions.every((version) => version === wanted),
			`No change was lost: the route is at version ${wanted} in both etcds that are left.`,
			`The route is at the versions ${versions.join(' and ')}, not at ${wanted}.`,
		),
		claim(
			isServed,
			"The gateway's Envoy went over to the control that is left.",
			"The gateway's Envoy is not connected to the control that is left.",
		),
	];
}

function isAstray({ weights: [v1, v2], counts }: FleetRow): boolean {
	const [first, second] = counts;
	return Math.abs((first / (first + second)) * 100 - (v1 / (v1 + v2)) * 100) > NEAR;
}
