/**
 * Nothing is loaded from elsewhere, nothing is run that is not a file of ours, and no text becomes markup: of the sinks that
 * make it so (innerHTML and its like) a browser with Trusted Types lets none be used.
 */
const policy = [
	...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
	...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
	...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join('; ');

/** Of all that is below /console/. */
export const securityHeaders: Readonly<Record<string, string>> = {
	'content-security-policy': policy,
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'no-referrer',
	'cross-origin-opener-policy': 'same-origin',
	'cross-origin-resource-policy': 'same-origin',
	'permissions-policy': 'camera=(), geolocation=(), microphone=()',
	'cache-control': 'no-store',
};
