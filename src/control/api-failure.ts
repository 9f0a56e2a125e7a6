import { Failure } from '../failure.ts';

/** The errors of App Mesh's API, each with its status code (2019-01-25, botocore's service-2.json). */
export const apiErrors = {
	BadRequestException: 400,
	ConflictException: 409,
	ForbiddenException: 403,
	InternalServerErrorException: 500,
	LimitExceededException: 400,
	NotFoundException: 404,
	ResourceInUseException: 409,
	ServiceUnavailableException: 503,
	TooManyRequestsException: 429,
	TooManyTagsException: 400,
	/** Of no operation: AWS's services answer so to a request that is none of theirs. */
	UnknownOperationException: 404,
} as const;

export type ApiError = keyof typeof apiErrors;

export class ApiFailure extends Failure {
	readonly type: ApiError;
	constructor(type: ApiError, message: string, remedy = '') {
		super('usage', message, remedy);
		this.type = type;
	}
}

/** What a client shows has one text only. */
export const apiMessage = ({ message, remedy }: Failure): string => (remedy === '' ? message : `${message}; ${remedy}`);
