/** In bytes: sun_path holds these and a NUL (unix(7)). */
export const LONGEST_SOCKET_PATH = 107;
