/** Of AWS's route manager script (2019), and what it leaves behind. */
export const SCRIPT_ROUTING = { mark: 0x1e7700ce, routeTable: 100 } as const;

/**
 * Ours, unless the settings `mark` and `routeTable` say otherwise: the script's, so that we can take over a host that it
 * configured. The mark shares no bit with Kubernetes' 0x4000 and 0x8000.
 */
export const DEFAULT_ROUTING = SCRIPT_ROUTING;
