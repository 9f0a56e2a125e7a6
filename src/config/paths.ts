/** Where things are unless something is said; apart from the schema, for commands that have to start at once. */
export const DEFAULT_FILE = '/etc/turnout/turnout.yaml';
export const DEFAULT_SOCKET = '/run/turnout/control.sock';
export const DEFAULT_STATE_DIRECTORY = '/var/lib/turnout';
/** Docker's own default. */
export const DOCKER_SOCKET = '/var/run/docker.sock';
