/** The listener, cluster and statistics of what lets everybody read Envoy's admin interface. Its connections are none of those that count. */
export const READING_LISTENER = 'turnout_admin';
