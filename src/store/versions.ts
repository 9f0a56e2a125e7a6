import { randomUUID } from 'node:crypto';
import type { Metadata } from './store.ts';

export const firstVersion = (nowMs: number): Metadata => ({
	...{ uid: randomUUID(), version: 1 },
	...{ createdMs: nowMs, updatedMs: nowMs },
});

export const nextVersion = (former: Metadata, nowMs: number): Metadata => ({
	...former,
	...{ version: former.version + 1, updatedMs: nowMs },
});
