import { type ApiContext, createApi, resourceOf } from './api.ts';
import { ApiFailure } from './api-failure.ts';
import type { Principal } from './authorise.ts';
import { parseBody } from './check-input.ts';
import { findOperation } from './find-operation.ts';

export interface ApiRequest {
	readonly method: string;
	/** Path and query as they were sent. */
	readonly target: string;
	readonly body: Buffer;
	/** Undefined: whatever is there is changed. */
	readonly ifRevision: string | undefined;
}

interface Performed {
	readonly status: number;
	readonly value: object;
}

/** Does one request of the API for whomever it is of, as far as that one may. Throws an ApiFailure. */
export type Perform = (request: ApiRequest, principal: Principal) => Promise<Performed>;

export function createPerform(context: ApiContext): Perform {
	const api = createApi(context);
	return async ({ method, target, body, ifRevision }, principal) => {
		const found = findOperation(method, target);
		const parsed = parseBody(body);
		const denial = principal.denies(`appmesh:${found.operation.name}`, resourceOf(context, found, parsed));
		if (denial !== undefined) throw new ApiFailure('ForbiddenException', denial);
		return { status: found.operation.status, value: await api({ found, body: parsed, principal, ifRevision }) };
	};
}
