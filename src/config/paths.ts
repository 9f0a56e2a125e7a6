/** Default paths. Apart from the schema, so that commands that must start fast need not load it. */
export const DEFAULT_FILE = '/etc/turnout/turnout.yaml';
export const DEFAULT_SOCKET = '/run/turnout/control.sock';
export const DEFAULT_STATE_DIRECTORY = '/var/lib/turnout';
export const DEFAULT_DEFINITIONS = '/etc/turnout/mesh';
/** Docker's own default. */
export const DOCKER_SOCKET = '/var/run/docker.sock';
