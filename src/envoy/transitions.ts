// Pure: the next state of the supervisor. Only `stopping` is final.
import type { RunningInstance, State } from './supervisor-state.ts';

const idle: State = { kind: 'idle', instance: undefined };
const starting = (): State => ({ kind: 'starting', attempt: new AbortController(), instance: undefined });

/** An Envoy became LIVE and is ours. */
export function withInstance(state: State, instance: RunningInstance): State {
	switch (state.kind) {
		case 'idle':
		case 'running':
			return { kind: 'running', instance };
		case 'starting':
		case 'replacing':
		case 'stopping':
			return { ...state, instance };
	}
}

/** It ended. After `running` a start begins; in any other state whatever is under way takes care of the next one. */
export function withoutInstance(state: State): State {
	switch (state.kind) {
		case 'idle':
			return state;
		case 'running':
			return starting();
		case 'starting':
		case 'replacing':
		case 'stopping':
			return { ...state, instance: undefined };
	}
}

/** Attempts to start begin; they wait while instances are exchanged. */
export function beforeStart(state: State): State {
	switch (state.kind) {
		case 'idle':
			return starting();
		case 'replacing':
			return { ...state, isStartWaiting: true };
		case 'starting':
		case 'running':
		case 'stopping':
			return state;
	}
}

/** The attempts are over, successful or not. */
export function afterStart(state: State): State {
	switch (state.kind) {
		case 'starting':
			return settled(state.instance, idle);
		case 'replacing':
			return { ...state, isStartWaiting: false };
		case 'idle':
		case 'running':
		case 'stopping':
			return state;
	}
}

/** An exchange of instances begins. */
export function beforeReplacing(state: State): State {
	if (state.kind === 'stopping') return state;
	return { kind: 'replacing', isStartWaiting: state.kind === 'starting', instance: state.instance };
}

/** It is over, successful or not. `idle`: nobody has taken over, and no start is waiting. */
export const afterReplacing = (state: State): State =>
	state.kind === 'replacing' ? settled(state.instance, state.isStartWaiting ? starting() : idle) : state;

const settled = (instance: RunningInstance | undefined, otherwise: State): State =>
	instance === undefined ? otherwise : { kind: 'running', instance };

export const stopping = ({ instance }: State): State => ({ kind: 'stopping', instance });
