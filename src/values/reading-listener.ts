/** Name of the Envoy listener, its cluster and statistics, that serve the admin interface read-only. Drains ignore its connections. */
export const READING_LISTENER = 'turnout_admin';
