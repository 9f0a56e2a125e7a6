// Colours where somebody looks at a terminal, unless they have asked for none (no-color.org).

export interface Colours {
	readonly bold: (text: string) => string;
	readonly dim: (text: string) => string;
	readonly good: (text: string) => string;
	readonly bad: (text: string) => string;
	readonly inbound: (text: string) => string;
	readonly outbound: (text: string) => string;
}

export function createColours(isTerminal: boolean, env: NodeJS.ProcessEnv): Colours {
	const isColoured = isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
	const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
	return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31), inbound: paint(36), outbound: paint(35) };
}
