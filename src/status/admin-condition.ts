import type { Fact } from './conditions.ts';

interface Holder {
	readonly port: number;
	readonly uid: number;
}

interface Readable {
	readonly adminPort: number;
	readonly egressPort: number;
	/** Envoy's user. */
	readonly uid: number;
}

/** Somebody who listens where Envoy could be read. */
export const holderAmong = <T extends Holder>({ adminPort, uid }: Readable, listeners: readonly T[]): T | undefined =>
	listeners.find((one) => one.port === adminPort && one.uid !== uid);

/** `owner`: which program the holder is. */
export function readableFact(
	{ adminPort, egressPort, uid }: Readable,
	listeners: readonly Holder[],
	holder: Holder | undefined,
	owner: string,
): Fact {
	const isEnvoys = (wanted: number) => listeners.some((one) => one.port === wanted && one.uid === uid);
	const port = `port ${adminPort} (envoy.adminPort)`;
	const remedy = 'End that program, then turnout reload; or set envoy.adminPort to another port';
	if (holder !== undefined) {
		const why = `${port} is held by ${owner} of user ${holder.uid}: Envoy cannot be read there, and whoever reads there reads that program`;
		return { subject: 'admin', ok: false, why, remedy };
	}
	if (isEnvoys(adminPort) || !isEnvoys(egressPort)) return { subject: 'admin', ok: true };
	const why = `Envoy was started while somebody else held ${port}, and cannot be read there`;
	return { subject: 'admin', ok: false, why, remedy: 'turnout reload' };
}
