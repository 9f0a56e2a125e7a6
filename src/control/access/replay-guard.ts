/** How far the clock of a client may be off, as AWS allows for most services. */
export const SKEW_MS = 5 * 60 * 1_000;

/** A signature has the time in seconds: who reads the same twice in one second signs the same. */
const SAME_READ_MS = 2_000;

/** Some 150 bytes each. */
const MOST_PER_KEY = 10_000;

export interface SignedUse {
	readonly keyId: string;
	readonly signature: string;
	/** The time that it is signed with. */
	readonly signedMs: number;
	readonly nowMs: number;
	/** It changes nothing. */
	readonly isRead: boolean;
}

type Use = Omit<SignedUse, 'keyId'>;

/**
 * Whether a signature that holds may be used: once, within the time that it holds. Its memory is bounded for each key: whoever
 * asks more than that in a few minutes makes old times invalid, and only for that key.
 */
export function createReplayGuard(mostPerKey: number = MOST_PER_KEY): (use: SignedUse) => boolean {
	const byKey = new Map<string, (use: Use) => boolean>();
	return ({ keyId, ...use }) => {
		const mayUse = byKey.get(keyId) ?? createGuardOfKey(mostPerKey);
		byKey.set(keyId, mayUse);
		return mayUse(use);
	};
}

function createGuardOfKey(most: number): (use: Use) => boolean {
	// By the time that they are signed with: by signature, when it was first used.
	const bySecond = new Map<number, Map<string, number>>();
	let count = 0;
	// What is signed with this time or an earlier one is refused, since its uses are forgotten.
	let forgottenMs = -Infinity;
	const forget = (second: number): void => {
		count -= bySecond.get(second)?.size ?? 0;
		bySecond.delete(second);
		forgottenMs = Math.max(forgottenMs, second);
	};
	// The time that they are signed with refuses them by now.
	const forgetExpired = (nowMs: number): void => {
		for (const second of bySecond.keys()) if (second < nowMs - SKEW_MS) forget(second);
	};
	const remember = ({ signature, signedMs, nowMs }: Use): void => {
		const used = bySecond.get(signedMs) ?? new Map<string, number>();
		bySecond.set(signedMs, used.set(signature, nowMs));
		count += 1;
		if (count > most) forget(Math.min(...bySecond.keys()));
	};
	return (use) => {
		forgetExpired(use.nowMs);
		if (use.signedMs <= forgottenMs) return false;
		const firstMs = bySecond.get(use.signedMs)?.get(use.signature);
		if (firstMs !== undefined) return use.isRead && use.nowMs - firstMs <= SAME_READ_MS;
		remember(use);
		return true;
	};
}
