export interface TcpAddress {
	readonly host: string;
	readonly port: number;
}

/** `HOST:PORT`, with IPv6 in brackets. Undefined: it is none. */
export function findTcpAddress(text: string): TcpAddress | undefined {
	const [, host = '', port = ''] = /^(\[[\da-f:]+\]|[^:/\s]+):(\d{1,5})$/i.exec(text) ?? [];
	return host === '' || Number(port) > 65_535 ? undefined : { host: host.replace(/[[\]]/g, ''), port: Number(port) };
}

export const tcpText = ({ host, port }: TcpAddress): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
