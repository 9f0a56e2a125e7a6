/**
 * The short tags of CloudFormation's YAML, by the key of the long form that JSON has: `!Sub x` is `{"Fn::Sub": x}`.
 * In other formats they are errors of the field that holds them.
 */
export const intrinsicTags: ReadonlyMap<string, string> = new Map([
	['!Ref', 'Ref'],
	['!Condition', 'Condition'],
	...[
		...['And', 'Base64', 'Cidr', 'Equals', 'FindInMap', 'GetAtt', 'GetAZs', 'If', 'ImportValue', 'Join', 'Length'],
		...['Not', 'Or', 'Select', 'Split', 'Sub', 'ToJsonString', 'Transform'],
	].map((name) => [`!${name}`, `Fn::${name}`] as const),
]);
