/** How long an Envoy that somebody else has started may leave connections open: its --drain-time-s unless given, and what is under way then. */
export const DEFAULT_DRAIN_MS = 620_000;
