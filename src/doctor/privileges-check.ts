import { type Finding, failure, type Refusal, unknown, warning, well } from './finding.ts';

export interface PrivilegesFacts {
	/** Its uid is 0, perhaps in a container. */
	readonly isRoot: boolean;
	/** What a change of the rules would be refused with; undefined: it would not. */
	readonly refusal: Refusal | undefined;
	/** Undefined: there is no socket, as no daemon runs. */
	readonly socket: SocketFacts | undefined;
}

export interface SocketFacts {
	readonly path: string;
	/** What a command would be refused with; undefined: it may use the socket. */
	readonly refusal: Refusal | undefined;
	/** Users who are neither in its group nor root may connect. */
	readonly isOpen: boolean;
}

export const privilegesFindings = ({ isRoot, refusal, socket }: PrivilegesFacts): Finding[] => [
	rightsFinding(isRoot, refusal),
	...(socket === undefined ? [] : socketFindings(socket)),
];

/** Another user has none, and is not told that the daemon lacks them. */
function rightsFinding(isRoot: boolean, refusal: Refusal | undefined): Finding {
	if (refusal === undefined) return well('privileges');
	if (isRoot) return failure('privileges', refusal.message, refusal.remedy);
	return unknown('privileges', `this user may not see everything: ${refusal.message}`, 'sudo turnout doctor');
}

function socketFindings({ path, refusal, isOpen }: SocketFacts): Finding[] {
	if (refusal !== undefined) return [unknown('privileges', refusal.message, refusal.remedy)];
	if (!isOpen) return [];
	const why = `every user of this host may use the socket ${path}, and so change the rules`;
	return [warning('privileges', why, `chmod o= ${path}`)];
}
