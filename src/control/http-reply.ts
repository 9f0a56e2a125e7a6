import { failureOf } from '../failure.ts';
import type { Log } from '../log.ts';
import { type ApiError, ApiFailure, apiErrors, apiMessage } from './api-failure.ts';

/** What a request is answered with. */
export interface HttpReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | Uint8Array;
}

export const jsonReply = (status: number, value: object, headers: HttpReply['headers'] = {}): HttpReply => ({
	status,
	headers: { 'content-type': 'application/json', ...headers },
	body: JSON.stringify(value),
});

/** Both of what clients look for: AWS's SDKs read the header first, and others the body. */
export function failureReply(log: Log, error: unknown): HttpReply {
	const failure = failureOf(error);
	const type = typeOf(failure);
	const status = apiErrors[type];
	if (status >= 500) log('error', 'request failed', { type, why: failure.message, remedy: failure.remedy });
	return jsonReply(status, { __type: type, message: apiMessage(failure) }, { 'x-amzn-errortype': type });
}

/** What the disk refuses may go another time. */
function typeOf(failure: ReturnType<typeof failureOf>): ApiError {
	if (failure instanceof ApiFailure) return failure.type;
	return failure.code === 'internal' ? 'InternalServerErrorException' : 'ServiceUnavailableException';
}
