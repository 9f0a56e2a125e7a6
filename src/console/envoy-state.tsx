import type { NodeStatus } from '../mesh/console-protocol.ts';
import type { NodeState } from './picture.ts';

export const signs: Readonly<Record<NodeState['mark'], string>> = { good: '●', waiting: '◐', bad: '✕', none: '○' };

interface EnvoyStateProps {
	readonly state: NodeState;
	/** Undefined: none of its Envoys has ever asked. */
	readonly status: NodeStatus | undefined;
}

/** By a sign and a word, not by a colour alone; with Envoy's own words where it has refused something. */
export function EnvoyState({ state: { mark, text }, status }: EnvoyStateProps) {
	const why = status?.rejected?.why ?? status?.trouble;
	return (
		<>
			<span class={`state ${mark}`}>
				<span aria-hidden="true">{signs[mark]}</span> {text}
			</span>
			{why === undefined ? null : <p class="lines">{why}</p>}
			{status?.rejected?.reverted === true ? <p>It goes on with what it had before.</p> : null}
		</>
	);
}
