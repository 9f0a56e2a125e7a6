// Both dialects of iptables, as the lab names them and as the settings do.
import type { Dialect } from '../lab/net/restore.ts';

export const dialects: readonly Dialect[] = ['nft', 'legacy'];
export const backendOf = (dialect: Dialect): string => `iptables-${dialect}`;
