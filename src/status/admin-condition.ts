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

/** The condition `admin`: another program listens on the port of Envoy's admin interface. */
export const holderAmong = <T extends Holder>({ adminPort, uid }: Readable, listeners: readonly T[]): T | undefined =>
	listeners.find((one) => one.port === adminPort && one.uid !== uid);

/** `owner`: the holder's program and pid. */
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
		const why = `${port} is held by ${owner} of user ${holder.uid}: Envoy's admin interface is not available there, and clients reach that program instead`;
		return { subject: 'admin', ok: false, why, remedy };
	}
	if (isEnvoys(adminPort) || !isEnvoys(egressPort)) return { subject: 'admin', ok: true };
	const why = `Envoy was started while another program held ${port}, so its admin interface is not available there`;
	return { subject: 'admin', ok: false, why, remedy: 'turnout reload' };
}
