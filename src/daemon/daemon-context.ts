import type { Config } from '../config/schema.ts';
import type { Survey } from '../reconcile/resolve.ts';

/** All settings, held against what this host is. */
export type DaemonContext = Survey<Config>;
