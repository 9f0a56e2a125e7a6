import type { Config } from '../config/schema.ts';
import type { HostContext } from '../reconcile/host-context.ts';

/** All settings, held against what this host is. */
export type DaemonContext = HostContext<Config>;
